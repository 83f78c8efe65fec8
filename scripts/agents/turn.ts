// One turn of a real agent with the file that our writers made for it. Passes when the gateway recorded that this caller listed
// the tools and called one, and the model saw what the tool gave.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { end, start } from '../bench/processes.ts';
import type { Recipe } from './recipes.ts';
import { type AgentRig, switchyard } from './rig.ts';

const turnMs = 120_000;
const tokenEnv = 'SWITCHYARD_TOKEN';

/** What the agent gets its token by; `direct` has no gateway: the server is the agent's own, with a secret from a file. */
export type Way = 'default' | 'bridge' | 'literal' | 'direct';

export interface Told {
  /** How the entry reaches the gateway, read from what was written. */
  entry: string;
  /** Tool calls that the gateway recorded of this agent. */
  calls: number;
}

/** Throws when something of the proof is missing. */
export async function agentTurn(recipe: Recipe, way: Way, folder: string, rig: AgentRig, base: string): Promise<Told> {
  const { name } = recipe;
  const caller = `${name}-${way}`;
  const home = join(base, caller);
  const task = `task-${randomUUID()}`;
  const prompt = `Call the tool probe_echo with a message and tell me what it gives back. (${task})`;
  const tool = way === 'direct' ? { server: 'probe', name: 'probe_echo' } : { server: 'switchyard', name: 'probe__probe_echo' };
  const prepared = recipe.prepare({ folder, home, url: rig.model.url, prompt, tool });
  for (const [file, text] of Object.entries(prepared.files)) {
    mkdirSync(dirname(join(home, file)), { recursive: true });
    writeFileSync(join(home, file), text);
  }
  const work = join(home, 'work');
  mkdirSync(work, { recursive: true });
  const token = rig.tokenFor(caller);
  const tokenFile = join(home, 'gateway-token');
  writeFileSync(tokenFile, token, { mode: 0o600 });
  const env = { HOME: home, PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin` };

  const declaration = join(home, 'switchyard.json');
  const usesFile = way !== 'default' || name === 'cline';
  const word = way === 'direct' ? secretServer(home) : undefined;
  writeFileSync(
    declaration,
    JSON.stringify({
      gateway: { url: rig.gatewayUrl, ...(usesFile ? { tokenFile } : { tokenEnv }) },
      ...word?.declared,
      agents: { [name]: { ...recipe.choices, ...choicesFor(way) } },
    }),
  );
  const synced = switchyard(['config', 'sync', '--config', declaration, '--json'], env);
  assert.equal(synced.status, 0, `config sync: ${synced.output}`);
  const [{ path, outcome }] = JSON.parse(synced.output) as [{ path: string; outcome: string }];
  assert.equal(outcome, 'changed', synced.output);
  const again = switchyard(['config', 'sync', '--config', declaration, '--check'], env);
  assert.equal(again.status, 0, `a second run would change something: ${again.output}`);
  if (way !== 'literal') assertNoSecret(home, token, [tokenFile]);
  else assert.equal(statSync(path).mode & 0o777, 0o600, 'a file with a token is for its user only');

  const run = { home, work, env: { ...env, ...prepared.env, ...(usesFile ? {} : { [tokenEnv]: token }) } };
  if (prepared.before) {
    const [command, ...args] = prepared.before;
    const first = await execute(command, args, run);
    assert.equal(first.code, 0, `${command} ${args[0]}: ${first.output.slice(-800)}`);
  }
  const { code, output } = await execute(prepared.command, prepared.args, run);
  const told = output.slice(-1500);
  const activity = await rig.activityOf(caller);
  const calls = activity.filter(({ method, outcome: how }) => method === 'tools/call' && how === 'ok');
  const asked = rig.model.chaos.requests.filter(({ text }) => text.includes(task));
  assert.ok(asked.length > 0, `the model was never asked; ended with ${code}: ${told}`);
  if (way !== 'direct')
    assert.ok(calls.length > 0, `the gateway recorded no call; it saw ${JSON.stringify(activity)}; ended with ${code}: ${told}`);
  assert.ok(
    asked.some(({ text }) => text.includes(`hello from chaos ${word?.value ?? rig.word}`)),
    `the model never saw what the tool gave; ended with ${code}: ${told}`,
  );
  assert.equal(code, 0, `ended with ${code}: ${told}`);
  const leaks = rig.model.chaos.requests.filter((request) => JSON.stringify([request.headers, request.text]).includes(token));
  assert.deepEqual(leaks.length, 0, 'the model was shown the token of the gateway');
  return { entry: entryWord(readFileSync(path, 'utf8')), calls: calls.length };
}

function entryWord(text: string): string {
  if (/"exec"/.test(text)) return 'the server itself, its secret by a wrapper';
  return /\bconnect\b.*--url|"connect"/s.test(text)
    ? 'bridge'
    : /sy_[\w-]{20}/.test(text)
      ? 'http, token in the file'
      : 'http, by reference';
}

function choicesFor(way: Way): object {
  if (way === 'default') return {};
  return way === 'direct' ? { mode: 'direct' } : { token: way };
}

/** A server that says a word it only knows from a variable, which is a file's text. */
function secretServer(home: string): { value: string; declared: object } {
  const value = `word-${randomUUID()}`;
  const file = join(home, 'word');
  writeFileSync(file, value, { mode: 0o600 });
  const server = JSON.stringify(join(import.meta.dirname, '..', 'clients', 'echo-server.ts'));
  const script = `process.argv[2] = process.env.PROBE_WORD; await import(${server});`;
  const args = ['--input-type=module', '-e', script];
  return { value, declared: { mcpServers: { probe: { command: process.execPath, args, credentials: { PROBE_WORD: file } } } } };
}

/** The token is nowhere below the home but in its own file. */
function assertNoSecret(home: string, token: string, except: readonly string[]): void {
  for (const entry of readdirSync(home, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    if (!entry.isFile() || except.includes(file)) continue;
    assert.ok(!readFileSync(file).includes(token), `${file} holds the token`);
  }
}

interface Run {
  home: string;
  work: string;
  env: Record<string, string>;
}

async function execute(
  command: string,
  args: readonly string[],
  { work, env, home }: Run,
): Promise<{ code: number | string; output: string }> {
  const all = { LANG: 'C.UTF-8', TERM: 'dumb', NO_COLOR: '1', CI: '1', ...env };
  // The token goes in by the environment and not by the arguments of `env`, which everybody sees.
  const child = start('env', ['-C', work, ...unwanted(all), command, ...args], { env: all, cwd: work });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const timer = setTimeout(() => void end(child), turnMs);
  const code = await new Promise<number | string>((resolve) => {
    // A client may leave a helper behind that holds its output open: its own end is what counts.
    child.once('exit', (status, signal) => resolve(status ?? signal ?? 'unknown'));
    child.once('error', (error) => resolve(error.message));
  });
  clearTimeout(timer);
  if (process.platform === 'linux') endHelpers(child.pid, home);
  return { code, output };
}

/** Nothing of this machine's keys and proxies is the test's. */
function unwanted(wanted: Record<string, string>): string[] {
  return Object.keys(process.env)
    .filter((name) => !Object.hasOwn(wanted, name))
    .flatMap((name) => ['-u', name]);
}

/** Helpers in the background: of the same group, or (Cline's hub) gone off on their own with the home that only this turn has. */
function endHelpers(pid: number | undefined, home: string): void {
  const helpers = readdirSync('/proc').filter((each) => /^\d+$/.test(each) && environmentOf(each).includes(`HOME=${home}\0`));
  for (const each of [...(pid === undefined ? [] : [-pid]), ...helpers.map(Number)]) {
    try {
      process.kill(each, 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
}

/** Empty for a process that has ended, or that is somebody else's. */
function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    return '';
  }
}
