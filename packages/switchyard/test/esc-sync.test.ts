// The workflow of docs/recipes/esc-sync.md: its YAML, its rights, its scripts, and its steps run in order against a real git repository.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { parseText } from '@switchyard/agent-config/format';
import t from 'tap';

import { type FakeEsc, serveEsc } from '../../agent-config/test/fixtures/esc-server.ts';

t.setTimeout(600_000);

const root = join(import.meta.dirname, '../../..');
const main = join(import.meta.dirname, '../src/main.ts');
const planted = 'planted-secret-value-1';

interface Step {
  name?: string;
  uses?: string;
  run?: string;
  if?: string;
  env?: Record<string, string>;
}
interface Workflow {
  on: Record<string, unknown>;
  permissions: object;
  env: Record<string, string>;
  jobs: { sync: { permissions: object; steps: Step[] } };
}
const workflow = parseText('yaml', readFileSync(join(root, 'templates/esc-sync/mcp-config.yml'), 'utf8')) as Workflow;
const { steps } = workflow.jobs.sync;

t.test('the workflow', async (t) => {
  t.match(workflow.on, { repository_dispatch: { types: ['secrets-updated'] }, schedule: [{ cron: /^\d+ \d+ \* \* \*$/ }] });
  t.ok('workflow_dispatch' in workflow.on);
  t.strictSame(workflow.permissions, {}, 'nothing unless a job says so');
  t.strictSame(workflow.jobs.sync.permissions, { contents: 'write', 'id-token': 'write', issues: 'write' });
  for (const { uses } of steps) if (uses) t.match(uses, /^[\w-]+\/[\w-]+@(v\d+|[0-9a-f]{40})$/, 'pinned');
  for (const { name, run } of steps) {
    if (run === undefined) continue;
    const { status, stderr } = spawnSync('bash', ['-n'], { input: run, encoding: 'utf8' });
    t.equal(status, 0, `${name}: ${stderr}`);
    t.match(run, /^set -euo pipefail\n/, `${name} stops at the first error`);
    t.notMatch(run, /\$\{\{/, `${name}: expressions come through env, so that nothing can be injected`);
  }
});

/** A checkout with a bare origin, and the programs of a runner: nix is our command line, gh writes down what it is told. */
function runner(t: Tap, esc: FakeEsc) {
  const home = mkdtempSync(join(tmpdir(), 'runner-'));
  t.teardown(() => rmSync(home, { recursive: true, force: true }));
  const [checkout, origin, bin] = ['checkout', 'origin.git', 'bin'].map((name) => join(home, name)) as [string, string, string];
  mkdirSync(bin);
  const script = (name: string, text: string) => {
    writeFileSync(join(bin, name), text);
    chmodSync(join(bin, name), 0o755);
  };
  // `nix run FLAKE -- ARGUMENTS`
  script('nix', `#!/bin/bash\nshift 3\nexec "${process.execPath}" "${main}" "$@"\n`);
  script(
    'gh',
    `#!/bin/bash\nprintf '%s\\n' "$*" >> "${home}/gh"\n[ "$2" = list ] && cat "${home}/open-issue" 2>/dev/null\nexit 0\n`,
  );
  const git = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync('git', args, {
      cwd: checkout,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, HOME: home },
    });
    if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  };
  spawnSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', origin]);
  spawnSync('git', ['clone', '--quiet', origin, checkout]);
  git('-c', 'user.name=x', '-c', 'user.email=x@example.org', 'commit', '--quiet', '--allow-empty', '-m', 'Begin');
  git('push', '--quiet', 'origin', 'HEAD:main');
  git('branch', '--quiet', '--set-upstream-to=origin/main');

  const expressions: Record<string, string> = {
    'vars.ESC_ENVIRONMENT': 'acme/mcp/prod',
    'vars.SWITCHYARD': 'flake',
    "vars.MCP_CONFIG || 'mcp/config.json'": 'mcp/config.json',
    'secrets.PULUMI_ACCESS_TOKEN': esc.token,
  };
  const filled = (env: Record<string, string> = {}) =>
    Object.fromEntries(
      Object.entries(env).map(([name, text]) => [
        name,
        text.replace(/\$\{\{ (.*?) \}\}/g, (_, key: string) => expressions[key] ?? key),
      ]),
    );
  const summary = join(home, 'summary');

  /** Runs the job as GitHub does: after a failure only steps with `if: failure()`. Gives the name of the step that failed. */
  const job = async (): Promise<{ failed: string | undefined; output: string }> => {
    let failed: string | undefined;
    let output = '';
    writeFileSync(summary, '');
    for (const step of steps) {
      if (step.run === undefined || (failed === undefined) === (step.if === 'failure()')) continue;
      const child = spawn('bash', ['-e', '-c', step.run], {
        cwd: checkout,
        env: {
          ...{ PATH: bin + delimiter + process.env.PATH, HOME: home, PULUMI_BACKEND_URL: esc.url, GITHUB_STEP_SUMMARY: summary },
          ...filled(workflow.env),
          ...filled(step.env),
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (text: string) => (output += text));
      const status = await new Promise((resolve) => child.on('close', resolve));
      if (status !== 0) failed ??= step.name;
    }
    return { failed, output: output + readFileSync(summary, 'utf8') };
  };
  const told = () => readFileSync(join(home, 'gh'), 'utf8');
  return { job, git, told, openIssue: (number: string) => writeFileSync(join(home, 'open-issue'), number) };
}
type Tap = { teardown(fn: () => unknown): unknown };

t.test(
  'its steps',
  { timeout: 300_000, skip: spawnSync('git', ['--version']).error ? 'git is not installed' : false },
  async (t) => {
    const esc = await serveEsc(t);
    const variables: Record<string, object> = { GITHUB_TOKEN: { value: planted, secret: true } };
    esc.environments.set('acme/mcp/prod', { environmentVariables: { value: variables } });
    const { job, git, told, openIssue } = runner(t, esc);

    const first = await job();
    t.equal(first.failed, undefined, first.output);
    t.match(first.output, /github: added[\s\S]*github +✓[\s\S]*Committed\./);
    t.equal(git('log', '-1', '--format=%s', 'origin/main'), 'Declare the MCP servers of acme/mcp/prod');
    t.match(git('show', 'origin/main:mcp/config.json'), 'Bearer ${env:GITHUB_TOKEN}');
    t.equal(git('show', '--stat', '--format=', 'origin/main').split('\n').length, 2, 'one file and nothing else');

    const second = await job();
    t.match(second, { failed: undefined, output: /Nothing changed\./ });
    t.equal(git('rev-list', '--count', 'origin/main'), '2');

    delete variables.GITHUB_TOKEN;
    variables.LINEAR_API_KEY = { value: planted, secret: true };
    const invalid = await job();
    t.equal(invalid.failed, 'Validate', 'a declared server lost its secret');
    t.match(invalid.output, /✗ headers\.Authorization: GITHUB_TOKEN is not in/);
    t.equal(git('rev-list', '--count', 'origin/main'), '2', 'nothing is committed');
    t.match(told(), /issue create --title The MCP servers could not/);

    openIssue('7');
    esc.token = 'pul-another-token-now';
    const refused = await job();
    t.equal(refused.failed, 'Declare what there are secrets for');
    t.match(told(), /issue comment 7 --body /);
    for (const { output } of [first, second, invalid, refused]) t.notMatch(output, /planted|pul-0123/, 'no value is shown');
  },
);
