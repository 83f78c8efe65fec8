// Servers behind a socket that starts one process per connection, as a systemd socket with Accept=yes does: closing the
// connection ends the process. systemd-socket-activate is systemd's own code for it and needs no root.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { newFolder, startGateway } from './fixtures/gateway-process.ts';

const program = join(import.meta.dirname, 'fixtures', 'many-tools.ts');
const isThere = spawnSync('systemd-socket-activate', ['--version']).status === 0;

/** Processes whose command line holds `word`, apart from this one. */
function processesWith(word: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(word);
      } catch {
        return false;
      }
    })
    .map(Number);
}

async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await holds()) return;
    await sleep(50);
  }
  throw new Error('it did not become true within 10 s');
}

t.test(
  'a server behind an Accept=yes socket',
  { skip: isThere ? false : 'systemd-socket-activate is not installed' },
  async (t) => {
    const folder = newFolder(t);
    const socket = join(folder, 's');
    const mark = `mark-${process.pid}-${Date.now()}`;
    const activator = spawn(
      'systemd-socket-activate',
      ['--accept', '--inetd', '-l', socket, process.execPath, program, mark, '3'],
      { stdio: 'ignore' },
    );
    t.teardown(async () => {
      if (activator.exitCode === null) {
        activator.kill();
        await once(activator, 'exit');
      }
    });
    await eventually(() => existsSync(socket));
    const instances = () => processesWith(mark).filter((pid) => pid !== activator.pid);

    const gateway = await startGateway(t, { mcpServers: { unit: { socket, idleStopMs: 1500 } } }, { folder });
    t.match(await gateway.server('unit'), { state: 'ready', transport: 'socket', tools: 3 });
    t.equal(instances().length, 1, 'one connection, one process');

    await eventually(async () => (await gateway.server('unit')).asleep === true);
    await eventually(() => instances().length === 0);
    t.match(await gateway.server('unit'), { state: 'ready', tools: 3 }, 'it is ended when idle, and still offered');

    const [tool] = ((await (await fetch(`${gateway.url}/api/tools?server=unit`)).json()) as { tools: { name: string }[] }).tools;
    const call = () =>
      fetch(`${gateway.url}/api/tools/unit/${encodeURIComponent(tool?.name ?? '')}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{}',
      });
    t.equal((await call()).status, 200, 'the next call connects again');
    t.equal(instances().length, 1);

    process.kill(instances()[0] as number, 'SIGKILL');
    await eventually(
      async () => (await gateway.server('unit')).state === 'ready' && instances().length === 1 && (await call()).status === 200,
    );
    t.pass('a killed instance is replaced by a new connection');

    await gateway.stop();
    await eventually(() => instances().length === 0);
    t.pass('the end of the gateway ends the process');
  },
);
