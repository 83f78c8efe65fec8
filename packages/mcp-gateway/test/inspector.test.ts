// The official inspector's command line through the gateway, in every era it can be told to speak. Needs the npm registry.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { overStdio } from './fixtures/conformance-upstream/start.ts';
import { newFolder, startGateway } from './fixtures/gateway-process.ts';

const inspector = '@modelcontextprotocol/inspector@2.12.0';

async function npx(folder: string, args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const env = {
    ...process.env,
    npm_config_fetch_retries: '1',
    npm_config_loglevel: 'error',
    npm_config_update_notifier: 'false',
  };
  const child = spawn('npx', ['--yes', ...args], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 240_000 });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = await Promise.race([once(child, 'close'), once(child, 'error').then(([error]) => [String(error)])]);
  return { code, stdout, stderr };
}

// A cold npm cache has a long way to go.
t.setTimeout(600_000);
t.test('the inspector', { timeout: 600_000 }, async (t) => {
  const folder = newFolder(t);
  // In an empty folder, so that nothing of this repository is found in its place.
  const fetched = await npx(folder, ['--package', inspector, '--', 'node', '--version']);
  if (fetched.code !== 0) {
    const why = (fetched.stderr.trim() || String(fetched.code)).replace(/\s+/g, ' ').slice(0, 300);
    t.pass(`npx cannot fetch ${inspector}`, { skip: why });
    return;
  }
  const gateway = await startGateway(t, {
    mcpServers: { up: overStdio('dual'), old: overStdio('2025'), young: overStdio('2026') },
  });
  const url = `${gateway.url.replace('127.0.0.1', 'localhost')}/mcp`;
  for (const era of ['legacy', 'auto', 'modern']) {
    const inspect = async (...args: string[]) => {
      const { code, stdout, stderr } = await npx(folder, [
        inspector,
        '--cli',
        url,
        '--transport',
        'http',
        '--protocol-era',
        era,
        ...args,
      ]);
      t.equal(code, 0, `${era}: ${args.join(' ')}${code === 0 ? '' : `: ${stderr.slice(-500)}`}`);
      return stdout;
    };
    const listed = await inspect('--method', 'tools/list');
    for (const server of ['up', 'old', 'young']) t.match(listed, new RegExp(`"${server}__test_simple_text"`));
    for (const server of ['up', 'old', 'young'])
      t.match(
        await inspect('--method', 'tools/call', '--tool-name', `${server}__test_simple_text`),
        /This is a simple text response for testing/,
      );
  }
});
