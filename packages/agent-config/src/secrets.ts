/** Sources of secrets behind one interface, and what their names mean. One file per source in `secrets/`. */
export { openSource, sourceContext, sourceKinds } from './secrets/open-source.ts';
export { type EscSource, escSource } from './secrets/pulumi-esc/source.ts';
export type { SecretReading, SecretSource, SourceContext, SourceKind } from './secrets/source.ts';
export * from './secrets/source-error.ts';
