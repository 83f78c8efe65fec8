// Writes the documents that are made from source: the configuration reference and the JSON Schema of each daemon
// and of the declaration.
// `--check` writes nothing and fails when a document is not what its source makes.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { declarationSchema } from '@switchyard/agent-config/declaration';
import { configSchema as routerSchema } from '@switchyard/ai-inference';
import { configJsonSchema, configReference } from '@switchyard/kit/config';
import { configSchema as gatewaySchema } from '@switchyard/mcp-gateway';
import { configSchema as proxySchema } from '@switchyard/openai-proxy';
import type { z } from 'zod';

const root = join(import.meta.dirname, '..');

const schemas: Record<string, z.ZodType> = {
  'mcp-gateway': gatewaySchema,
  'ai-inference': routerSchema,
  'openai-proxy': proxySchema,
  'agent-config': declarationSchema,
};

const documents: Record<string, string> = Object.fromEntries(
  Object.entries(schemas).flatMap(([name, schema]) => [
    [`docs/configuration/${name}.md`, `${configReference(schema, `Configuration of ${name}`)}`],
    [`docs/configuration/${name}.schema.json`, `${JSON.stringify(configJsonSchema(schema), null, 2)}\n`],
  ]),
);

const checking = process.argv.includes('--check');
let stale = 0;
for (const [path, text] of Object.entries(documents)) {
  const file = join(root, path);
  if (checking) {
    if (read(file) === text) continue;
    console.error(`${path} is not what its source makes; run \`npm run docs\``);
    stale += 1;
  } else {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    console.log(path);
  }
}
process.exitCode = stale === 0 ? 0 : 1;

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
