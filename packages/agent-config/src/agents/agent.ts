/** What is known of an agent: where its file is, how it spells a server, and what it cannot do. */
import type { Machine } from '../environments/machine.ts';
import type { EntriesAt, Fields, KeyPath } from '../files/entries.ts';
import type { FormatName } from '../files/format.ts';
import type { Entry } from './entry.ts';
import type { Interpolation } from './interpolation.ts';
import type { AgentName } from './names.ts';

/** A file of an agent. */
export interface Place {
  scope: 'user' | 'project';
  /** Where it may be: the first that exists, else the first. */
  paths(machine: Machine): string[];
  /** Keys above the entries in that file, when they are not the agent's usual ones. Several are read, the first is written. */
  roots?(content: unknown): KeyPath[];
  /** Only looked at by importers: an older or another program's place. */
  readOnly?: true;
}

/** Two functions that are each other's inverse, apart from spellings that mean the same. */
export interface Spelling {
  /** The fields of an entry in the agent's file. Throws InexpressibleError. */
  write(entry: Entry): Fields;
  /** What such fields mean. Throws UnreadableEntryError. */
  read(fields: Fields): Entry;
}

/** How an agent can be told to call tools without asking. */
export interface Approval {
  /** Fields that approve every tool. */
  all?: Fields;
  /** Fields that approve tools by name. */
  list?: (tools: readonly string[]) => Fields;
}

export interface Agent extends Spelling {
  name: AgentName;
  /** As its makers write it. */
  title: string;
  format: FormatName;
  entries: EntriesAt;
  places: readonly Place[];
  /** How it follows references; absent when it does not. */
  interpolation?: Interpolation;
  /** What an HTTP entry can do: with headers, without, or there is none. */
  http: 'headers' | 'no-headers' | 'none';
  approval?: Approval;
  /** The name a server gets in this agent's file, where not every name works. */
  serverName?(name: string): string;
  /** Entries hold their own name in a field `name`. */
  named?: true;
  /** What else shows that the agent is on the machine. Default: the folder of its user file. */
  traces?(machine: Machine): string[];
  /** What its user has to do once, beside having the file of that scope. */
  trust?: { user?: string; project?: string };
}
