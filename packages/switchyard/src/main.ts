/** The program `switchyard`: finds the command, runs it, and turns what it throws into one readable line and an exit code. */
import { didYouMean } from '@switchyard/kit/nearest';
import { type Command, CommandError } from './command.ts';

/** Loaded when used: `switchyard call` must not pay for what `switchyard up` needs. */
const commands: Readonly<Record<string, { summary: string; load: () => Promise<{ command: Command }> }>> = {
  up: { summary: 'start everything the config declares and show where it is', load: () => import('./commands/up.ts') },
  run: { summary: 'run one daemon in the foreground', load: () => import('./commands/run.ts') },
  servers: { summary: 'list the MCP servers behind the gateway and their states', load: () => import('./commands/servers.ts') },
  tools: { summary: 'list the tools of all servers', load: () => import('./commands/tools.ts') },
  call: { summary: 'call a tool', load: () => import('./commands/call.ts') },
  token: { summary: 'make, list and end the tokens of callers', load: () => import('./commands/token.ts') },
  trust: { summary: 'show and accept changed definitions of tools', load: () => import('./commands/trust.ts') },
  lock: { summary: 'write or check the lock file of tool definitions', load: () => import('./commands/lock.ts') },
  record: { summary: 'write what a server answered to a tape', load: () => import('./commands/record.ts') },
  replay: { summary: 'play a tape as an MCP server', load: () => import('./commands/replay.ts') },
  models: { summary: 'list the models behind the router with context and prices', load: () => import('./commands/models.ts') },
  usage: { summary: 'show what was used and what it cost', load: () => import('./commands/usage.ts') },
  route: { summary: 'explain what the router would do with a request', load: () => import('./commands/route.ts') },
  config: { summary: 'write every agent’s own file from one declaration', load: () => import('./commands/config.ts') },
  connect: {
    summary: 'the gateway as a stdio server, for clients that know no HTTP',
    load: () => import('./commands/connect.ts'),
  },
  exec: { summary: 'start a program with secrets read from files', load: () => import('./commands/exec.ts') },
  secrets: { summary: 'list and check sources of secrets, never their values', load: () => import('./commands/secrets.ts') },
  catalog: { summary: 'known services and their MCP servers', load: () => import('./commands/catalog.ts') },
  setup: {
    summary: 'the steps of a first set-up; scripts/setup-mcp.sh asks for them',
    load: () => import('./commands/setup.ts'),
  },
  doctor: { summary: 'check every part and say how to mend what is broken', load: () => import('./commands/doctor.ts') },
};

const help = `Usage: switchyard COMMAND [ARGUMENTS]

${Object.entries(commands)
  .map(([name, { summary }]) => `  ${name.padEnd(10)}${summary}`)
  .join('\n')}

\`switchyard COMMAND --help\` shows the arguments of a command.`;

async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    console.log(help);
    return name === undefined ? 64 : 0;
  }
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!entry)
    throw new CommandError(
      `unknown command "${name}"${didYouMean(name, Object.keys(commands))}; \`switchyard --help\` lists them`,
      64,
    );
  const { command } = await entry.load();
  if (command.ownsFlags !== true && (rest.includes('--help') || rest.includes('-h'))) {
    console.log(`Usage: switchyard ${command.usage}`);
    return 0;
  }
  return command.run(rest);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof CommandError)) throw error;
  console.error(`switchyard: ${error.message}`);
  process.exitCode = error.exitCode;
}
