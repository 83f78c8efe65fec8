/** `switchyard lock`: writes the definitions of all tools into a lock file, or compares them with one. */
import { readFileSync, writeFileSync } from 'node:fs';
import { ConfigError } from '@switchyard/kit/config';
import { type LockFile, lockDifferences, lockFileText, parseLockFile } from '@switchyard/mcp-gateway';
import { type Command, CommandError } from '../command.ts';
import { readFlags } from '../flags.ts';
import { gatewayUrl, requestGateway } from '../gateway-client.ts';

const defaultFile = 'mcp-tools.lock.json';

export const command: Command = {
  usage: `lock [--output FILE] [--check] [--url URL]

Writes the trusted definitions of all tools to FILE (default: ${defaultFile}; - for standard output).
--check writes nothing: it compares what the servers offer now with FILE, shows what differs, and exits with 1 if anything does.`,
  async run(args) {
    const flags = { output: { type: 'string' }, check: { type: 'boolean' }, url: { type: 'string' } } as const;
    const { values, positionals } = readFlags(args, flags);
    if (positionals.length > 0) throw new CommandError(`unexpected argument "${positionals[0]}"`, 64);
    const file = values.output ?? defaultFile;
    const url = gatewayUrl(values.url);
    if (values.check) return check(file, url);
    const lock = await requestGateway<LockFile>(url, '/api/tools.lock.json');
    if (file === '-') process.stdout.write(lockFileText(lock));
    else {
      writeFileSync(file, lockFileText(lock));
      console.error(`${file}: ${count(lock)} tools of ${Object.keys(lock.servers).length} servers`);
    }
    return 0;
  },
};

async function check(file: string, url: string): Promise<number> {
  const expected = read(file);
  const differences = lockDifferences(expected, await requestGateway<LockFile>(url, '/api/tools.lock.json?quarantined=true'));
  for (const line of differences) console.log(line);
  if (differences.length === 0) console.error(`${count(expected)} tools are as ${file} says`);
  return differences.length === 0 ? 0 : 1;
}

function read(file: string): LockFile {
  try {
    return parseLockFile(readFileSync(file, 'utf8'), file);
  } catch (error) {
    if (error instanceof ConfigError) throw new CommandError(error.message);
    throw new CommandError(`${file} cannot be read: ${(error as Error).message}`);
  }
}

function count({ servers }: LockFile): number {
  return Object.values(servers).reduce((sum, tools) => sum + Object.keys(tools).length, 0);
}
