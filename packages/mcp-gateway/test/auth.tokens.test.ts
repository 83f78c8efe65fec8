// The life of a token: made, changed and ended by the command line beside a running gateway, which has to notice at once.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { FakeClock } from '@switchyard/kit/clock';
import t from 'tap';
import { grantOf } from '../src/auth/grant.ts';
import { taskOwners } from '../src/auth/task-owners.ts';
import { hashOfToken, newToken as makeToken } from '../src/auth/token.ts';
import { TokenCallers } from '../src/auth/token-callers.ts';
import { TokenStore } from '../src/auth/token-store.ts';
import { allRights, type Caller, type RunningCall } from '../src/call/call.ts';
import { Store } from '../src/state/store.ts';
import { bearer, classed, newToken, openSessionAs, openStream } from './fixtures/callers.ts';
import { overStdio } from './fixtures/conformance-upstream/start.ts';
import { type GatewayProcess, newFolder, startGateway } from './fixtures/gateway-process.ts';
import { envelope, legacy, modern, send } from './fixtures/wire.ts';

const program = fileURLToPath(new URL('../../switchyard/src/main.ts', import.meta.url));
const folder = newFolder(t);
let gateway: GatewayProcess;
t.before(async () => {
  const mcpServers = { alpha: classed('alpha'), beta: classed('beta'), up: overStdio('2025') };
  gateway = await startGateway(t, { mcpServers, auth: { anonymous: 'loopback' } }, { folder });
});

interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs `switchyard token …` as a user would. */
const cli = (...args: string[]): Promise<Ran> =>
  new Promise((resolve) => {
    const all = [program, 'token', ...args, '--config', join(folder, 'config.json')];
    execFile(process.execPath, all, (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), stdout, stderr }));
  });

const status = async (token: string, path = '/mcp/alpha') =>
  (await send(`${gateway.url}${path}`, modern('tools/call', { name: 'read_it', arguments: {} }, { headers: bearer(token) })))
    .status;

t.test('the command line beside a running gateway', async (t) => {
  const { code, stdout, stderr } = await cli(
    'create',
    '--name',
    'claude',
    '--servers',
    'alpha',
    '--class',
    'read',
    '--expires',
    '30d',
  );
  t.equal(code, 0);
  const token = stdout.trim();
  t.match(token, /^sy_[A-Za-z0-9_-]{43}$/, 'the token alone is on standard output');
  t.notMatch(stderr, token);
  t.match(stderr, /Token [0-9a-f]{8} \("claude"\): read on \*\/\* of alpha, expires: \d{4}-/);
  t.equal(await status(token), 200, 'good on the very next request');
  t.equal(await status(token, '/mcp/beta'), 403);

  const again = await cli('create', '--name', 'claude');
  t.match(again, { code: 1, stderr: /a token named "claude" exists/ });

  const rotated = (await cli('rotate', 'claude')).stdout.trim();
  t.equal(await status(token), 401, 'the old text ended');
  t.equal(await status(rotated), 200, 'the new one is good');
  t.equal(await status(rotated, '/mcp/beta'), 403, 'for the same');

  t.match(await cli('revoke', 'claude'), { code: 0, stdout: /token [0-9a-f]{8} \("claude"\) is revoked/ });
  const refused = await send(`${gateway.url}/mcp`, modern('tools/list', {}, { headers: bearer(rotated) }));
  t.equal(refused.status, 401, 'revoked on the very next request');
  t.match(JSON.parse(refused.text).detail, /it was revoked/);
  t.match(await cli('revoke', 'claude'), { code: 1, stderr: /there is no token "claude"/ });

  const created = JSON.parse(
    (await cli('create', '--name', 'claude', '--tools', 'alpha/*_it,beta/plain', '--rate', 'none', '--json')).stdout,
  );
  t.match(created, {
    name: 'claude',
    servers: ['alpha', 'beta'],
    tools: ['alpha/*_it', 'beta/plain'],
    class: 'write',
    admin: false,
  });
  t.equal(created.ratePerMinute, null);
  t.equal(created.expiresAt, null);
  t.equal(await status(created.token), 200, 'the name is free again');

  const listed = await cli('list', '--all', '--json');
  t.notMatch(listed.stdout, 'sy_', 'a list shows no token');
  t.equal(JSON.parse(listed.stdout).filter(({ name }: { name: string }) => name === 'claude').length, 3);
  t.match((await cli('list')).stdout, /claude +active +write +alpha,beta +alpha\/\*_it,beta\/plain +none +never/);
});

t.test('what the command line refuses', async (t) => {
  const cases: [args: string[], code: number, says: RegExp][] = [
    [[], 64, /One of: create, list, revoke, rotate/],
    [['craete'], 64, /did you mean "create"/],
    [['create'], 64, /--name/],
    [['create', '--name', 'a b'], 64, /name: must have 1 to 64/],
    [['create', '--name', 'x', '--class', 'wirte'], 64, /did you mean "write"/],
    [['create', '--name', 'x', '--tools', 'get_*'], 64, /must be written as server\/tool/],
    [['create', '--name', 'x', '--servers', 'a,,b'], 64, /servers\[1\]/],
    [['create', '--name', 'x', '--expires', '2020-01-01'], 64, /in the past/],
    [['create', '--name', 'x', '--expires', 'soon'], 64, /is no expiry/],
    [['create', '--name', 'x', '--rate', '-1'], 64, /--rate/],
    [['create', '--name', 'x', '--rate', '0'], 64, /--rate/],
    [['create', '--nmae', 'x'], 64, /did you mean "name"/],
    [['revoke'], 64, /which token/],
    [['revoke', 'nobody'], 1, /there is no token "nobody"/],
    [['list', 'x', 'y'], 64, /unexpected argument "y"/],
  ];
  await Promise.all(
    cases.map(async ([args, code, says]) => {
      const ran = await cli(...args);
      t.equal(ran.code, code, args.join(' '));
      t.match(ran.stderr, says, args.join(' '));
    }),
  );
});

t.test('a session belongs to its caller, with the rights of now', async (t) => {
  const own = newToken(folder, { name: 'owner', class: 'destructive' });
  const other = newToken(folder, { name: 'other', class: 'destructive' });
  const session = await openSessionAs(`${gateway.url}/mcp`, bearer(own));
  const list = async (headers: Record<string, string>) => send(`${gateway.url}/mcp`, legacy('tools/list', {}, headers));
  t.equal((await list(session)).status, 200);
  t.equal((await list({ ...session, ...bearer(other) })).status, 404, "not another token's");
  const { authorization: _, ...bare } = session;
  t.equal((await list(bare)).status, 404, 'nor of the anonymous caller');
  t.equal((await send(`${gateway.url}/mcp`, { method: 'DELETE', headers: { ...session, ...bearer(other) } })).status, 404);

  await cli('revoke', 'owner');
  t.equal((await list(session)).status, 401);
  const less = newToken(folder, { name: 'owner', tools: ['alpha/read_it'] });
  const names = (await list({ ...session, ...bearer(less) })).last.result.tools.map(({ name }: { name: string }) => name);
  t.same(names, ['alpha__read_it', 'result_read'], 'a new token of that name goes on with its own rights');
  const call = legacy('tools/call', { name: 'alpha__wipe_it', arguments: {} }, { ...session, ...bearer(less) });
  t.match((await send(`${gateway.url}/mcp`, call)).last.error, { message: /may not call the destructive tool "wipe_it"/ });
});

t.test('a call that waits for its client belongs to its caller', async (t) => {
  const own = newToken(folder, { name: 'asked', class: 'destructive' });
  const other = newToken(folder, { name: 'curious', class: 'destructive' });
  const call = async (token: string | undefined, params: object) => {
    const question = { name: 'test_elicitation', arguments: { message: 'Who?' }, ...params };
    const sent = modern('tools/call', question, { headers: bearer(token), capabilities: { elicitation: {} } });
    return (await send(`${gateway.url}/mcp/up`, sent)).last;
  };
  const { requestState, inputRequests } = (await call(own, {})).result;
  const [key = ''] = Object.keys(inputRequests);
  const answer = { requestState, inputResponses: { [key]: { action: 'accept', content: { username: 'a', email: 'a@b.c' } } } };
  for (const token of [other, undefined]) t.match((await call(token, answer)).error, { message: /belongs to another caller/ });
  t.match((await call(own, answer)).result.content[0].text, /accept/);
});

t.test('a task belongs to its caller', async (t) => {
  const caller = (id: string, key = id): Caller => ({ id, rights: { ...allRights, key } });
  const call = (method: string, params: object, who: Caller) =>
    ({ server: 's', method, params: JSON.stringify(params), caller: who }) as RunningCall;
  const perform = taskOwners()(async ({ method }) => {
    const text = method === 'tools/call' ? '{"task":{"taskId":"7","status":"working"}}' : '{"status":"working"}';
    return { type: 'complete', text, typed: false };
  });
  const [ann, bob, anonymous] = [caller('token:ann'), caller('token:bob'), caller('anonymous', 'all')];
  await perform(call('tools/call', { name: 'long', task: {} }, ann));
  for (const method of ['tasks/get', 'tasks/result', 'tasks/cancel', 'tasks/update']) {
    await t.resolves(perform(call(method, { taskId: '7' }, ann)), method);
    for (const who of [bob, anonymous]) {
      await t.rejects(perform(call(method, { taskId: '7' }, who)), { message: 'there is no task "7"' }, `${method} by ${who.id}`);
    }
    await t.rejects(
      perform(call(method, { taskId: '8' }, bob)),
      { message: 'there is no task "8"' },
      'one from before a restart',
    );
    await t.resolves(perform(call(method, { taskId: '8' }, anonymous)), 'is for those who may do everything');
  }
  await t.rejects(perform(call('tasks/list', {}, ann)), { message: /tasks of all callers/ });
  await t.resolves(perform(call('tasks/list', {}, anonymous)));
  await perform(call('tools/call', { name: 'liar' }, bob));
  await t.resolves(perform(call('tasks/get', { taskId: '7' }, ann)), 'nobody takes it over by naming it');
});

t.test('streams tell of what their caller may use, as long as the token is good', async (t) => {
  const token = newToken(folder, { name: 'listener', servers: ['alpha'], class: 'destructive' });
  const headers = bearer(token);
  const noise = (server: string) => send(`${gateway.url}/mcp/${server}`, modern('tools/call', { name: 'noise', arguments: {} }));
  const session = await openSessionAs(`${gateway.url}/mcp`, headers);
  const subscribe = (uri: string) => send(`${gateway.url}/mcp`, legacy('resources/subscribe', { uri }, session));
  await send(`${gateway.url}/mcp`, legacy('logging/setLevel', { level: 'debug' }, session));
  t.match((await subscribe('thing://one-alpha')).last, { result: {} });
  t.match((await subscribe('mcp+beta:thing://one-beta')).last.error, { code: -32602 }, 'nothing of beta can be watched');
  const old = await openStream(`${gateway.url}/mcp`, { headers: session });
  const uris = ['thing://one-alpha', 'mcp+beta:thing://one-beta'];
  const filter = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true, resourceSubscriptions: uris };
  const listening = modern('subscriptions/listen', { notifications: filter, _meta: envelope() }, { headers });
  const fresh = await openStream(`${gateway.url}/mcp`, { method: 'POST', ...listening });
  while (fresh.messages.length === 0) await sleep(10);
  t.same(fresh.messages[0]?.params.notifications.resourceSubscriptions, ['thing://one-alpha']);

  await noise('beta');
  await sleep(300);
  t.same(old.messages, [], 'nothing of beta reaches the session');
  t.equal(fresh.messages.length, 1, 'nor the other stream');

  await noise('alpha');
  while (old.messages.length < 2 || fresh.messages.length < 2) await sleep(10);
  t.same(old.messages.map(({ method }) => method).sort(), ['notifications/message', 'notifications/resources/updated']);
  t.equal(fresh.messages[1]?.method, 'notifications/resources/updated');

  await cli('revoke', 'listener');
  await noise('alpha');
  await Promise.all([old.ended, fresh.ended]);
  t.equal(old.messages.length, 2, 'nothing was told after the end of the token');
  t.notMatch(fresh.messages.slice(2), [{ method: /notifications/ }]);
});

t.test('the last use is noted, when there is time', async (t) => {
  const token = newToken(folder, { name: 'used', class: 'read' });
  const store = () => {
    const database = new Store(join(folder, 'state'));
    const record = new TokenStore(database.database).named('used');
    database.close();
    return record;
  };
  t.equal(store()?.lastUsedAt, undefined);
  await status(token);
  t.equal(await gateway.stop(), 0);
  t.ok((store()?.lastUsedAt ?? 0) > Date.now() - 60_000, 'at the latest when the gateway ends');
  for (const file of ['state.sqlite', 'state.sqlite-wal']) {
    const bytes = read(join(folder, 'state', file));
    t.notOk(bytes.includes(token), `${file} holds no token`);
  }
});

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    return Buffer.alloc(0);
  }
}

t.test('looking a token up', async (t) => {
  const directory = newFolder(t);
  const mine = new Store(directory);
  const theirs = new Store(directory);
  t.teardown(() => {
    mine.close();
    theirs.close();
  });
  const clock = new FakeClock();
  const told: string[] = [];
  const callers = new TokenCallers(new TokenStore(mine.database), clock, (token) => told.push(token));
  const issuing = new TokenStore(theirs.database);
  const token = makeToken();
  t.equal(callers.find(token), 'unknown');
  const grant = grantOf({ class: 'read', admin: false, ratePerMinute: 5 });
  const record = issuing.add({ name: 'x', grant, hash: hashOfToken(token), expiresAt: clock.now() + 120_000 }, clock.now());
  const caller = callers.find(token) as Caller;
  t.match(caller, { id: 'token:x', rights: { ratePerMinute: 5, admin: false } });
  t.equal(callers.find(token), caller, 'the same object while nothing changed');
  t.same(told, [token], 'what keeps it out of logs was told once');

  await clock.advance(60_000);
  t.equal(issuing.named('x')?.lastUsedAt, clock.now() - 60_000, 'uses are written down after a minute');
  t.equal(caller.isValid?.(), true);

  await clock.advance(61_000);
  t.equal(callers.find(token), 'expired');
  t.equal(caller.isValid?.(), false);
  issuing.revoke(record?.id ?? '', clock.now());
  // What another process does is looked for every 20 ms.
  await sleep(30);
  t.equal(callers.find(token), 'revoked');
});

t.test('the state of a suite file, and of a gateway file without one', async (t) => {
  const folder = newFolder(t);
  const run = (config: object) => {
    writeFileSync(join(folder, 'suite.json'), JSON.stringify(config));
    return new Promise<string>((resolve) => {
      const args = [program, 'token', 'create', 'x', '--json', '--config', join(folder, 'suite.json')];
      const env = { ...process.env, XDG_STATE_HOME: join(folder, 'xdg') };
      execFile(process.execPath, args, { env }, (_error, stdout, stderr) => resolve(stdout + stderr));
    });
  };
  t.match(await run({ 'mcp-gateway': { stateDirectory: join(folder, 'a') } }), '"token": "sy_');
  t.match(await run({ mcpServers: {} }), '"token": "sy_');
  for (const directory of [join(folder, 'a'), join(folder, 'xdg', 'switchyard', 'mcp-gateway')]) {
    const database = new Store(directory);
    t.equal(new TokenStore(database.database).list().length, 1, directory);
    database.close();
  }
});
