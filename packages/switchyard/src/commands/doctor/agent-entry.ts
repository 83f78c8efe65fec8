/** One entry of an agent's file: what it names must be there. Nothing is started. */
import { accessSync, constants } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, isAbsolute, join } from 'node:path';
import type { Agent } from '@switchyard/agent-config/agents';
import { bad, type Finding } from './finding.ts';

const connectMs = 3000;

/** `who` names agent and entry. */
export async function checkEntry(
  who: string,
  agent: Agent,
  fields: Record<string, unknown>,
  env: NodeJS.ProcessEnv,
): Promise<Finding[]> {
  const entry = readOrReason(agent, fields);
  if (typeof entry === 'string') return [bad('agent-entry-broken', `${who}: ${entry}`, 'correct the entry, or remove it')];
  if (entry.disabled === true) return [];
  if (entry.kind === 'stdio') {
    const { command } = entry;
    if (command.includes('${') || isProgram(command, env.PATH ?? '')) return [];
    return [
      bad(
        'agent-program-missing',
        `${who}: the program ${command} is not there`,
        'install it, or write its absolute path into the entry',
      ),
    ];
  }
  const url = URL.parse(entry.url);
  if (url === null)
    return entry.url.includes('${') ? [] : [bad('agent-entry-broken', `${who}: ${entry.url} is not a URL`, 'correct the URL')];
  const isHere = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  // What is elsewhere is asked with --probe, through the declaration.
  if (!isHere || (await isOpen(url))) return [];
  return [
    bad(
      'agent-server-down',
      `${who}: nothing listens at ${url.host}`,
      'start it (`switchyard up`), or correct the address with `switchyard config sync`',
    ),
  ];
}

function readOrReason(agent: Agent, fields: Record<string, unknown>): ReturnType<Agent['read']> | string {
  try {
    return agent.read(fields);
  } catch (error) {
    if ((error as Error).name === 'UnreadableEntryError') return (error as Error).message;
    throw error;
  }
}

function isProgram(command: string, path: string): boolean {
  const places =
    isAbsolute(command) || command.includes('/') ? [command] : path.split(delimiter).map((folder) => join(folder, command));
  return places.some((place) => {
    try {
      accessSync(place, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function isOpen({ hostname, port, protocol }: URL): Promise<boolean> {
  return new Promise((resolve) => {
    const host = hostname.replace(/^\[|\]$/g, '');
    const socket = connect({ host, port: Number(port) || (protocol === 'https:' ? 443 : 80), timeout: connectMs });
    const end = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket
      .once('connect', () => end(true))
      .once('timeout', () => end(false))
      .once('error', () => end(false));
  });
}
