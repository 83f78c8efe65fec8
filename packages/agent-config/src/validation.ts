/** Validation of a declaration: a row for each server, from the declaration, what its references point to, and the catalog. */
export { judge, type Known, referenceKey } from './validation/judge.ts';
export { type LookedUp, lookUp } from './validation/look-up.ts';
export { type Reference, referencesOf, withValues } from './validation/references.ts';
export type { Note, NoteCode, ProbeResult, ReferenceState, ServerRow } from './validation/row.ts';
