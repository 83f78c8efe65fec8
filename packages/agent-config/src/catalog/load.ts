/** The catalog as it holds on this machine: our services, changed by a user's file. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '@switchyard/kit/config';
import { type Catalog, type CatalogEntry, catalogEntrySchema, catalogFileSchema } from './entry.ts';
import { services } from './services.ts';

/** What comes with this version, by name. */
export function builtInCatalog(): Catalog {
  return new Map(Object.entries(services).map(([name, entry]) => [name, catalogEntrySchema.parse(entry)]));
}

/** Where a user's file is unless told otherwise: `$XDG_CONFIG_HOME/switchyard/catalog.json`. */
export function catalogFileOf(env: NodeJS.ProcessEnv): string {
  return join(env.XDG_CONFIG_HOME || join(env.HOME ?? '', '.config'), 'switchyard', 'catalog.json');
}

/**
 * Our services with a user's entries in place of or beside them; `null` in the file takes one away. The file of the default
 * place may be missing, one that is named may not. Throws ConfigError.
 */
export async function loadCatalog(env: NodeJS.ProcessEnv, file?: string): Promise<Catalog> {
  const entries = new Map<string, CatalogEntry>(builtInCatalog());
  const path = file ?? catalogFileOf(env);
  if (file === undefined && !existsSync(path)) return entries;
  for (const [name, entry] of Object.entries(await loadConfig(catalogFileSchema, path))) {
    if (entry === null) entries.delete(name);
    else entries.set(name, entry);
  }
  return entries;
}
