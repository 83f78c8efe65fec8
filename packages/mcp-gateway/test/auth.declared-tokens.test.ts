// Tokens that the configuration declares: their rights, their rotation, their end, and what becomes of those that cannot be used.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { bearer, classed, newToken, openSessionAs } from './fixtures/callers.ts';
import { type GatewayProcess, newFolder, startGateway } from './fixtures/gateway-process.ts';
import { modern, send } from './fixtures/wire.ts';

const folder = newFolder(t);
const tokenFile = (name: string) => join(folder, `${name}.token`);
const write = (name: string, value: string) => writeFileSync(tokenFile(name), `${value}\n`, { mode: 0o600 });
const value = (name: string) => `${name}-0123456789-0123456789`;
let gateway: GatewayProcess;

t.before(async () => {
  for (const name of ['reader', 'writer', 'old', 'rated']) write(name, value(name));
  write('weak', 'short');
  const token = (name: string) => `\${file:${tokenFile(name)}}`;
  gateway = await startGateway(
    t,
    {
      mcpServers: { alpha: classed('alpha'), beta: classed('beta') },
      auth: {
        tokens: {
          reader: { token: token('reader'), servers: ['alpha'], class: 'read' },
          writer: { token: token('writer') },
          old: { token: token('old'), expiresAt: '2026-01-01' },
          weak: { token: token('weak') },
          missing: { token: token('missing') },
          rated: { token: token('rated'), ratePerMinute: 2 },
        },
      },
    },
    { folder },
  );
});

const call = async (token: string, server = 'alpha', name = 'read_it') => {
  const heard = await send(
    `${gateway.url}/mcp/${server}`,
    modern('tools/call', { name, arguments: {} }, { headers: bearer(token) }),
  );
  return { status: heard.status, isError: /"isError":true|"error":/.test(heard.text) };
};

/** Polls until a call answers as wanted: a value is looked at again within a tenth of a second. */
async function answers(token: string, wanted: number): Promise<void> {
  while ((await call(token)).status !== wanted) await new Promise((resolve) => setTimeout(resolve, 20));
}

t.test('each with its own rights', async (t) => {
  t.match(await call(value('reader')), { status: 200, isError: false });
  t.ok((await call(value('reader'), 'alpha', 'write_it')).isError, 'of a higher class');
  t.not((await call(value('reader'), 'beta')).status, 200, 'of another server');
  t.match(await call(value('writer'), 'beta', 'write_it'), { status: 200, isError: false });
  t.match(await call(newToken(folder, { name: 'made-by-hand' })), { status: 200 }, 'beside those of the command line');
});

t.test('what is no good', async (t) => {
  t.equal((await call(value('old'))).status, 401, 'expired');
  t.equal((await call('short')).status, 401, 'too short to be a token');
  t.equal((await call('nobody-0123456789-0123456789')).status, 401);
  await gateway.said((line) => line.setting === 'auth.tokens.weak.token' && /openssl rand/.test(String(line.problem)));
  await gateway.said((line) => line.setting === 'auth.tokens.missing.token');
  t.equal(gateway.log().filter(({ setting }) => setting === 'auth.tokens.weak.token').length, 1, 'said once');
});

t.test('a new value counts at once, the old one and its sessions no more', async (t) => {
  const session = await openSessionAs(`${gateway.url}/mcp/alpha`, bearer(value('writer')));
  write('writer', value('writer-anew'));
  await answers(value('writer-anew'), 200);
  t.equal((await call(value('writer'))).status, 401);
  t.not((await send(`${gateway.url}/mcp/alpha`, { headers: session })).status, 200);
  rmSync(tokenFile('writer'));
  await answers(value('writer-anew'), 401);
  write('writer', value('writer'));
  await answers(value('writer'), 200);
});

t.test('a rate', async (t) => {
  const results = [await call(value('rated')), await call(value('rated')), await call(value('rated'))];
  t.ok(results[2]?.status === 429 || results[2]?.isError, 'the third within a minute');
});

t.test('no value in anything that is written', async (t) => {
  t.notMatch(JSON.stringify(gateway.log()), /0123456789-0123456789/);
});
