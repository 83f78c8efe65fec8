/** Imports: what is in agents' files already, as a declaration. */
export type { MovedSecret } from './importing/declared-server.ts';
export { foldServers, type Imported } from './importing/folded.ts';
export { type Findings, type FoundServer, findServers, findServersIn } from './importing/found-server.ts';
