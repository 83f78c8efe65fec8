// Whether the bundle in dist/ is newer than every source it was made of.
import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const packages = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** The bundled program. */
export const bundle = join(packages, 'switchyard', 'dist', 'switchyard.mjs');

/** False when there is no bundle or a source was changed since. */
export function isFresh() {
  try {
    const builtAt = statSync(bundle).mtimeMs;
    return readdirSync(packages).every((name) => newest(join(packages, name, 'src')) <= builtAt);
  } catch {
    return false;
  }
}

function newest(folder) {
  let latest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    latest = Math.max(latest, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs);
  }
  return latest;
}
