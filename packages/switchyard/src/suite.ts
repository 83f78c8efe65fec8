/** What `up` starts: one configuration for each daemon of the suite, read from a file or made of embedded defaults. */
import { mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { didYouMean } from '@switchyard/kit/nearest';
import { CommandError } from './command.ts';
import { daemonNames } from './daemons.ts';
import type { Places } from './places.ts';

/** Daemon name → its configuration, as its schema defines it. */
export type Suite = Record<string, Record<string, unknown>>;

/**
 * Reads a suite file: `{"mcp-gateway": {…}}`. A file that holds `mcpServers` itself (a client's own file, or a gateway's
 * configuration) is taken as the gateway's. Throws CommandError naming file and remedy.
 */
export function readSuite(file: string): Suite {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new CommandError(missing ? `${resolve(file)} does not exist` : `${file}: ${(error as Error).message}`, 78);
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new CommandError(`${file}: an object was expected`, 78);
  if ('mcpServers' in value) return { 'mcp-gateway': value as Record<string, unknown> };
  for (const [name, config] of Object.entries(value)) {
    if (!daemonNames.includes(name))
      throw new CommandError(`${file}: unknown daemon "${name}"${didYouMean(name, [...daemonNames, 'mcpServers'])}`, 78);
    if (config === null || typeof config !== 'object' || Array.isArray(config))
      throw new CommandError(`${file}: ${name} must be an object`, 78);
  }
  return value as Suite;
}

/** The embedded defaults: a gateway on 127.0.0.1:8085 in front of three real MCP servers, the router and its proxy. Makes the folders they work on. */
export function defaultSuite(places: Places): Suite {
  const files = join(places.dataDirectory, 'files');
  mkdirSync(files, { recursive: true });
  welcome(join(files, 'README.txt'));
  return {
    'mcp-gateway': {
      listen: { host: '127.0.0.1', port: 8085 },
      stateDirectory: join(places.stateDirectory, 'mcp-gateway'),
      mcpServers: {
        filesystem: { ...nodeServer('@modelcontextprotocol/server-filesystem', [files]), description: `Files in ${files}` },
        memory: {
          ...nodeServer('@modelcontextprotocol/server-memory', []),
          env: { MEMORY_FILE_PATH: join(places.dataDirectory, 'memory.jsonl') },
          description: 'A knowledge graph that agents share',
        },
        everything: {
          ...nodeServer('@modelcontextprotocol/server-everything', ['stdio']),
          description: 'Exercises every feature of MCP',
        },
      },
    },
    // Their providers come from the environment: VENICE_API_KEY, OPENROUTER_API_KEY, …, and Ollama where it answers.
    'ai-inference': { listen: { host: '127.0.0.1', port: 8765 } },
    'openai-proxy': { listen: { host: '127.0.0.1', port: 3001 } },
  };
}

function welcome(file: string): void {
  try {
    writeFileSync(file, 'This folder is what the "filesystem" MCP server of Switchyard shows to your agents.\n', { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** A server from an npm package of this installation, run by the Node that runs us. */
function nodeServer(name: string, args: string[]): { command: string; args: string[] } {
  const root = join(dirname(realpathSync(fileURLToPath(import.meta.url))), '..', '..', '..');
  const require = createRequire(join(root, 'package.json'));
  const manifest = require.resolve(`${name}/package.json`);
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as { bin: Record<string, string> };
  return { command: process.execPath, args: [join(dirname(manifest), Object.values(bin)[0] as string), ...args] };
}
