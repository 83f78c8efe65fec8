// What kind of machine this is, where agents' files are on each, and programs of WSL started from Windows: every argument arrives.
import { join } from 'node:path';
import t from 'tap';
import { Random } from '../../kit/test/fixtures/random.ts';
import { type AgentName, agents, pathOf } from '../src/agents.ts';
import { describeMachine, detectEnvironment, isWsl, type Signs } from '../src/environments/detect.ts';
import type { Machine } from '../src/environments/machine.ts';
import { wslCommand } from '../src/environments/wsl-command.ts';
import { placeOf } from '../src/plan.ts';
import { quoteArgument, runWsl, splitCommandLine } from './fixtures/windows.ts';

function signs(more: Partial<Signs> & { files?: Record<string, string> }): Signs {
  const { files = {}, ...rest } = more;
  return { platform: 'linux', env: {}, exists: (path) => path in files, text: (path) => files[path] ?? '', ...rest };
}

t.test('detection', async (t) => {
  const nixos = { '/etc/NIXOS': '' };
  t.equal(detectEnvironment(signs({ platform: 'win32' })), 'windows');
  t.equal(detectEnvironment(signs({ platform: 'darwin' })), 'macos');
  t.equal(detectEnvironment(signs({})), 'linux');
  t.equal(detectEnvironment(signs({ files: { '/etc/os-release': 'NAME=NixOS\nID=nixos\n' } })), 'nixos');
  t.equal(detectEnvironment(signs({ files: nixos })), 'nixos');
  t.equal(detectEnvironment(signs({ files: nixos, env: { WSL_DISTRO_NAME: 'NixOS' } })), 'nixos-wsl');
  t.equal(detectEnvironment(signs({ files: { ...nixos, '/proc/sys/fs/binfmt_misc/WSLInterop-late': '' } })), 'nixos-wsl');
  t.equal(detectEnvironment(signs({ files: { '/proc/version': 'Linux version 6.6 (Microsoft@Microsoft.com)' } })), 'linux');
  t.ok(isWsl(signs({ files: { '/proc/version': 'Linux version 6.6-microsoft-standard-WSL2' } })));
  t.notOk(isWsl(signs({ platform: 'win32', env: { WSL_DISTRO_NAME: 'x' } })));
});

t.test('the host of a WSL machine', async (t) => {
  const wsl = signs({ env: { WSL_DISTRO_NAME: 'Ubuntu', CODEX_HOME: '/not/of/the/host', HOME: '/home/u' } });
  const choices = { environment: 'windows' as const, projectRoot: '/mnt/c/app' };
  t.throws(() => describeMachine(choices, wsl), { message: /--windows-home/ });
  t.match(describeMachine({ ...choices, windowsHome: '/mnt/c/Users/u' }, wsl), {
    home: '/mnt/c/Users/u',
    env: {},
    wsl: { distro: 'Ubuntu' },
  });
  t.match(describeMachine({ ...choices, windowsHome: '/mnt/c/Users/u', distro: 'NixOS' }, wsl), { wsl: { distro: 'NixOS' } });
  t.equal(describeMachine({ projectRoot: '/x' }, wsl).home, '/home/u');
});

t.test('where the files are', async (t) => {
  const on = (environment: Machine['environment'], env: Record<string, string> = {}): Machine => ({
    environment,
    home: '/h',
    projectRoot: '/p',
    env,
  });
  const path = (name: AgentName, machine: Machine, scope: 'user' | 'project' = 'user') =>
    pathOf(placeOf(agents[name], scope), machine);
  const expected: [AgentName, Machine, string][] = [
    ['claude-code', on('nixos'), '/h/.claude.json'],
    ['claude-code', on('linux', { CLAUDE_CONFIG_DIR: '/c' }), '/c/.claude.json'],
    ['codex', on('linux', { CODEX_HOME: '/x' }), '/x/config.toml'],
    ['opencode', on('linux', { XDG_CONFIG_HOME: '/xdg' }), '/xdg/opencode/opencode.json'],
    ['copilot-cli', on('linux', { COPILOT_HOME: '/cp' }), '/cp/mcp-config.json'],
    ['cline', on('linux', { CLINE_MCP_SETTINGS_PATH: '/s.json' }), '/s.json'],
    ['vscode', on('linux'), '/h/.config/Code/User/mcp.json'],
    ['vscode', on('macos'), '/h/Library/Application Support/Code/User/mcp.json'],
    ['vscode', on('windows'), '/h/AppData/Roaming/Code/User/mcp.json'],
    ['vscode', on('windows', { APPDATA: '/app' }), '/app/Code/User/mcp.json'],
    ['roo-code', on('nixos-wsl'), '/h/.config/Code/User/globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json'],
    ['zed', on('macos'), '/h/.config/zed/settings.json'],
    ['zed', on('windows'), '/h/AppData/Roaming/Zed/settings.json'],
    ['claude-desktop', on('macos'), '/h/Library/Application Support/Claude/claude_desktop_config.json'],
    ['claude-desktop', on('linux'), '/h/.config/Claude/claude_desktop_config.json'],
    ['goose', on('windows'), '/h/AppData/Roaming/Block/goose/config/config.yaml'],
    ['lm-studio', on('macos'), '/h/.lmstudio/mcp.json'],
  ];
  for (const [name, machine, wanted] of expected) t.equal(path(name, machine), join(wanted), `${name} on ${machine.environment}`);
  t.equal(path('roo-code', on('linux'), 'project'), '/p/.roo/mcp.json');
  t.equal(path('copilot-cli', on('linux'), 'project'), '/p/.github/mcp.json');
});

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const pieces = [
  ' ',
  '  ',
  '"',
  '\\',
  '\\\\',
  '%',
  '%PATH%',
  '$HOME',
  '`x`',
  "'",
  '&',
  '|',
  '^',
  ';',
  '*',
  '~',
  'ü',
  '日本',
  '😀',
  'a',
  '-e',
  '--',
  '\t',
  '!',
];

t.test(`arguments through a Windows command line and wsl.exe (SEED=${seed})`, async (t) => {
  const random = new Random(seed);
  const word = () => Array.from({ length: random.below(6) }, () => random.pick(pieces)).join('');
  const wrong: unknown[] = [];
  for (let round = 0; round < 5000; round++) {
    const program = {
      command: `/run/${word()}/x`,
      args: Array.from({ length: random.below(5) }, word),
      env: Object.fromEntries(Array.from({ length: random.below(3) }, (_, index) => [`V${index}`, word()])),
      ...(random.below(2) === 0 && { cwd: `/srv/${word()}` }),
    };
    const { command, args } = wslCommand(program, { distro: random.pick(['NixOS', 'My Distro']), user: 'nixos' });
    const line = [command, ...args].map(quoteArgument).join(' ');
    const run = runWsl(splitCommandLine(line));
    const variables = Object.entries(program.env).map(([name, value]) => `${name}=${value}`);
    const expected = [...(variables.length > 0 ? ['/usr/bin/env', ...variables] : []), program.command, ...program.args];
    const isRight =
      !run.shell &&
      run.cwd === (program.cwd ?? '~') &&
      run.user === 'nixos' &&
      JSON.stringify(run.argv) === JSON.stringify(expected);
    if (!isRight) wrong.push({ program, line, run });
  }
  t.same(wrong.slice(0, 3), []);
});

t.test('the readers of command lines are not fooled themselves', async (t) => {
  // Microsoft's own examples.
  t.same(splitCommandLine('x "a b c" d e'), ['a b c', 'd', 'e']);
  t.same(splitCommandLine(String.raw`x "ab\"c" "\\" d`), ['ab"c', '\\', 'd']);
  t.same(splitCommandLine(String.raw`x a\\\b d"e f"g h`), [String.raw`a\\\b`, 'de fg', 'h']);
  t.same(splitCommandLine(String.raw`x a\\\"b c d`), [String.raw`a\"b`, 'c', 'd']);
  t.same(splitCommandLine(String.raw`x a\\\\"b c" d e`), [String.raw`a\\b c`, 'd', 'e']);
  t.ok(runWsl(['-d', 'x', 'ls']).shell, 'without -e there is a shell');
  t.throws(() => wslCommand({ command: 'npx', args: [], env: {} }, { distro: 'x', user: 'y' }), {
    message: /must be an absolute path/,
  });
});
