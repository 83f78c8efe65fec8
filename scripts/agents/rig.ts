// What stands around an agent: a real gateway that lets nobody in without a token, with one server behind it, and a model that asks
// for the server's tool. Both are reached as users reach them.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, start, until } from '../bench/processes.ts';
import { type Column, startRig } from '../clients/rig.ts';

const root = join(import.meta.dirname, '..', '..');
const cli = join(root, 'packages', 'switchyard', 'src', 'main.ts');

export interface AgentRig {
  model: Column;
  gatewayUrl: string;
  /** The word that only the tool knows. */
  word: string;
  /** A new token of the gateway, for one caller. */
  tokenFor(name: string): string;
  /** What the gateway recorded of a caller, oldest first. */
  activityOf(name: string): Promise<Activity[]>;
}

export interface Activity {
  caller: string;
  method: string;
  name: string;
  outcome: string;
  server?: string;
}

/** Starts everything; `endAll` of bench/processes.ts ends the children. */
export async function startAgentRig(folder: string, word: string): Promise<AgentRig> {
  const [model] = await startRig(join(folder, 'model'), ['openai-compatible']);
  const port = await freePort();
  const stateDirectory = join(folder, 'gateway');
  const file = join(folder, 'gateway.json');
  mkdirSync(stateDirectory, { recursive: true });
  writeFileSync(
    file,
    JSON.stringify({
      listen: { port },
      logLevel: 'warn',
      stateDirectory,
      auth: { anonymous: 'never' },
      mcpServers: {
        probe: { command: process.execPath, args: [join(root, 'scripts', 'clients', 'echo-server.ts'), word] },
      },
    }),
  );
  const child = start(process.execPath, [join(root, 'packages', 'mcp-gateway', 'src', 'main.ts'), '--config', file]);
  child.stderr?.on('data', (text) => process.stderr.write(`gateway: ${text}`));
  const gatewayUrl = `http://127.0.0.1:${port}`;
  await until(async () => (await fetch(`${gatewayUrl}/health/ready`)).ok, 30_000, 'the gateway');
  const tokenFor = (name: string, ...flags: string[]) => {
    const args = ['token', 'create', '--name', name, '--class', 'destructive', '--state-directory', stateDirectory, ...flags];
    const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`no token: ${stderr}`);
    return stdout.trim();
  };
  const admin = tokenFor('observer', '--admin');
  return {
    model: model as Column,
    gatewayUrl,
    word,
    tokenFor: (name) => tokenFor(name),
    async activityOf(name) {
      const response = await fetch(`${gatewayUrl}/api/activity?limit=500`, { headers: { authorization: `Bearer ${admin}` } });
      const { activity } = (await response.json()) as { activity: Activity[] };
      return activity.filter(({ caller }) => caller.includes(name)).toReversed();
    },
  };
}

/** Runs the command line as the user of a home would. */
export function switchyard(args: readonly string[], env: Record<string, string>): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8', env, cwd: env.HOME });
  return { status, output: stdout + stderr };
}
