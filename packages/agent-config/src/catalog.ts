/** The catalog: known services and how to reach an MCP server of theirs, names of secrets read into it, and servers found elsewhere. */
export * from './catalog/declare.ts';
export * from './catalog/discover.ts';
export * from './catalog/entry.ts';
export * from './catalog/gather.ts';
export * from './catalog/load.ts';
export * from './catalog/normalize.ts';
export * from './catalog/recognize.ts';
export { fromServerJson, RegistryEntryError } from './catalog/registry-entry.ts';
