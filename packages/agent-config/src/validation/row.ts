/** What validation says of a server, and what it is told beforehand. */

/** One server, as a row of the table. */
export interface ServerRow {
  server: string;
  valid: boolean;
  /** How it knows the caller, and the names of the variables that carry the secret. */
  auth: string;
  /** Its URL, socket or command line. References stay references. */
  endpoint: string;
  /** What is wrong first, then what is worth knowing. */
  notes: readonly Note[];
}

export interface Note {
  level: 'error' | 'note';
  /** What kind of thing it is, for programs. */
  code: NoteCode;
  text: string;
}

export type NoteCode =
  | 'entry'
  | 'reference'
  | 'secret-in-file'
  | 'secret-in-argv'
  | 'variable-missing'
  | 'variable-wrong'
  | 'unencrypted'
  | 'unpinned'
  | 'disabled'
  | 'oauth'
  | 'no-server'
  | 'probe';

/** What is behind a reference such as `${env:GITHUB_TOKEN}`. */
export type ReferenceState =
  | { state: 'ok'; note?: string }
  /** It can not be looked at from here. */
  | { state: 'unchecked'; note: string }
  | { state: 'bad'; problem: string };

/** What a server itself answered. */
export type ProbeResult = { ok: true; tools: number; says: string } | { ok: false; problem: string };
