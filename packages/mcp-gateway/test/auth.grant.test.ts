// The pure parts of who may do what, as tables: grants, patterns, expiry, scopes, challenges.
import t from 'tap';
import { bearerChallenge } from '../src/auth/challenge.ts';
import { type Grant, grantOf, matcherOf, rightsOf } from '../src/auth/grant.ts';
import { metadataUrlOf, resourceOf } from '../src/auth/resource.ts';
import { grantOfScopes, neededScopes, scopesOf } from '../src/auth/scopes.ts';
import { hashOfToken, isToken, newToken, parseExpiry } from '../src/auth/token.ts';
import { configSchema } from '../src/config.ts';

t.test('patterns', (t) => {
  const cases: [patterns: string[], text: string, matches: boolean][] = [
    [['*'], '', true],
    [['*'], 'anything\nat all', true],
    [['a'], 'a', true],
    [['a'], 'A', false],
    [['a'], 'ab', false],
    [['a*'], 'a', true],
    [['*a'], 'bba', true],
    [['a*c'], 'abbc', true],
    [['a*c'], 'abbcd', false],
    [['a.c'], 'abc', false],
    [['a|b'], 'a', false],
    [['(a'], '(a', true],
    [['git/get_*', 'git/list'], 'git/list', true],
    [['git/get_*'], 'git/get_x/y', true],
    [['*/*'], 'no-slash', false],
    [[], '', true],
    [[], 'a', false],
  ];
  for (const [patterns, text, matches] of cases) t.equal(matcherOf(patterns)(text), matches, `${patterns} ~ ${text}`);
  const started = performance.now();
  matcherOf([`${'*a'.repeat(12)}*`])('b'.repeat(128));
  t.ok(performance.now() - started < 500, 'no pattern takes for ever');
  t.end();
});

t.test('a grant and its rights', (t) => {
  const of = (declared: Partial<Parameters<typeof grantOf>[0]>) => grantOf({ class: 'write', admin: false, ...declared });
  t.same(of({}), { class: 'write', admin: false, ratePerMinute: undefined, servers: ['*'], tools: ['*/*'] });
  t.same(of({ tools: ['b/x', 'a/*', 'b/y'] }).servers, ['a', 'b'], 'tools name their servers');
  t.same(of({ tools: ['a/*'], servers: ['b'] }).servers, ['b']);
  t.equal(rightsOf(of({ servers: ['a', 'b'] })), rightsOf(of({ servers: ['b', 'a', 'a'] })), 'equal grants share their rights');
  t.equal(rightsOf(of({ class: 'destructive' })).key, 'all', 'everything is the fast way');
  t.equal(rightsOf(of({ class: 'destructive', ratePerMinute: 3 })).key, 'all');
  t.equal(rightsOf(of({ class: 'destructive', ratePerMinute: 3 })).ratePerMinute, 3);
  t.equal(rightsOf(of({ class: 'destructive' })).admin, false, 'calling everything is not changing servers');
  t.equal(
    rightsOf(of({ admin: true })).key,
    rightsOf(of({ ratePerMinute: 9 })).key,
    'the key is about what may be seen and called',
  );
  const keys = [of({}), of({ class: 'read' }), of({ servers: ['a'] }), of({ servers: ['b'] }), of({ tools: ['a/*'] })].map(
    (grant: Grant) => rightsOf(grant).key,
  );
  t.equal(new Set(keys).size, keys.length);
  t.end();
});

t.test('tokens as text', (t) => {
  const token = newToken();
  t.match(token, /^sy_[A-Za-z0-9_-]{43}$/);
  t.not(token, newToken());
  t.ok(isToken(token));
  for (const other of ['', 'sy_', token.slice(1), `${token}a`, `SY_${token.slice(3)}`]) t.notOk(isToken(other));
  t.match(hashOfToken(token), /^[A-Za-z0-9_-]{43}$/);
  t.notMatch(hashOfToken(token), token.slice(3));
  t.end();
});

t.test('expiry', (t) => {
  const now = Date.UTC(2026, 0, 31);
  const day = 86_400_000;
  const cases: [text: string, at: number | undefined][] = [
    ['never', undefined],
    ['30d', now + 30 * day],
    ['12h', now + day / 2],
    ['5m', now + 300_000],
    ['2w', now + 14 * day],
    ['1y', now + 365 * day],
    ['2026-02-01', now + day],
    ['2026-02-01T12:00Z', now + 1.5 * day],
    ['2026-02-01T02:00:00+02:00', now + day],
  ];
  for (const [text, at] of cases) t.equal(parseExpiry(text, now), at, text);
  for (const text of ['', '0d', '-1d', '1', 'd', '1 d', '1.5d', 'tomorrow', '2026-01-30', '2026-13-01', '01/02/2027', '30D'])
    t.throws(() => parseExpiry(text, now), RangeError, text);
  t.end();
});

t.test('scopes', (t) => {
  t.same(scopesOf({ scope: 'a b' }, {}), ['a', 'b']);
  t.same(scopesOf({ scp: ['a', 7, 'b'] }, {}), ['a', 'b']);
  t.same(scopesOf({}, {}), []);
  t.same(scopesOf({ scope: { a: 1 } }, {}), []);
  const names = { 'mcp:read': 'https://api/read' };
  t.same(scopesOf({ scope: 'https://api/read mcp:write' }, names), ['mcp:read', 'mcp:write']);
  t.same(scopesOf({ scope: 'mcp:read' }, names), [], 'a name that was given away means nothing');
  t.equal(grantOfScopes([], 1), undefined);
  t.equal(grantOfScopes(['mcp:admin', 'mcp:server:a'], 1), undefined, 'where without how far');
  t.match(grantOfScopes(['mcp:read', 'mcp:destructive'], 7)?.grant, {
    class: 'destructive',
    servers: ['*'],
    admin: false,
    ratePerMinute: 7,
  });
  t.match(grantOfScopes(['mcp:read', 'mcp:server:b', 'mcp:server:a', 'mcp:admin'], 7), {
    limited: true,
    grant: { servers: ['a', 'b'], admin: true },
  });
  t.equal(neededScopes({ server: 'a', toolClass: 'write' }, false, names), 'mcp:write');
  t.equal(neededScopes({ server: 'a', admin: true }, true, names), 'https://api/read mcp:server:a mcp:admin');
  t.end();
});

t.test('challenges and resources', (t) => {
  t.equal(bearerChallenge(), 'Bearer');
  t.equal(
    bearerChallenge({ error: 'invalid_token', description: 'it\'s "quoted" \\ ü\r\nX: y' }),
    `Bearer error="invalid_token", error_description="it's 'quoted' ' ???X: y"`,
  );
  t.equal(resourceOf('https://a.example/', '/mcp/x'), 'https://a.example/mcp/x');
  t.equal(resourceOf('https://a.example', '/api/tools'), 'https://a.example');
  t.equal(resourceOf('https://a.example', '/mcp/x/../y'), 'https://a.example');
  t.equal(metadataUrlOf('https://a.example'), 'https://a.example/.well-known/oauth-protected-resource');
  t.equal(metadataUrlOf('https://a.example/g/mcp/x'), 'https://a.example/.well-known/oauth-protected-resource/g/mcp/x');
  t.end();
});

t.test('settings', (t) => {
  const wrong: [config: object, path: string][] = [
    [{ auth: { oauth: { issuer: 'https://as.example.org' } } }, 'auth.oauth'],
    [{ publicUrl: 'https://a', auth: { oauth: { issuer: 'http://as.example.org' } } }, 'auth.oauth.issuer'],
    [{ publicUrl: 'https://a', auth: { oauth: { issuer: 'https://as', jwksUrl: 'http://as' } } }, 'auth.oauth.jwksUrl'],
    [{ publicUrl: 'https://a', auth: { oauth: { issuer: 'https://as', scopes: { read: 'x' } } } }, 'auth.oauth.scopes.read'],
    [{ sockets: [{ path: 'x', caller: 'a' }] }, 'sockets.0.path'],
    [{ sockets: [{ path: '/x' }] }, 'sockets.0.caller'],
    [{ sockets: [{ path: '/x', caller: 'a', tools: ['get_*'] }] }, 'sockets.0.tools.0'],
    [{ auth: { anonymous: 'yes' } }, 'auth.anonymous'],
  ];
  for (const [config, path] of wrong) {
    const paths = configSchema.safeParse(config).error?.issues.map((issue) => issue.path.join('.')) ?? [];
    t.ok(paths.includes(path), `${path}: ${paths}`);
  }
  t.end();
});
