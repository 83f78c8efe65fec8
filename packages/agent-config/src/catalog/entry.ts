/**
 * An entry of the catalog: what is known about a service, how its MCP server is reached today, and which variables that server
 * really reads. Entries are data: ours are in `services.ts`, a user's in a file of the same shape.
 */
import { z } from 'zod';

/** What a variable is for; the words that names of secrets are normalised to. */
export const variableFields = ['apiKey', 'endpoint', 'config', 'other'] as const;
export type VariableField = (typeof variableFields)[number];

const variableName = z.string().regex(/^[A-Z][A-Z0-9_]*$/, 'must be of A-Z, 0-9 and "_"');

const variableSchema = z.strictObject({
  name: variableName.describe('As the server reads it.'),
  field: z.enum(variableFields).describe('What it is for.'),
  secret: z.boolean().describe('Whether its value is a secret.'),
  required: z.boolean().default(false).describe('Whether the server is of no use without it.'),
  oneOf: z.string().optional().describe('Of the variables with the same word here at least one is needed.'),
  from: z.array(variableName).default([]).describe('Other names under which people keep the same thing.'),
  rejects: z
    .array(z.strictObject({ pattern: z.string(), why: z.string() }))
    .default([])
    .describe('Regular expressions for plain values that are always wrong, with the reason.'),
  default: z.string().optional().describe('Used when nothing is given. Never a secret.'),
  summary: z.string().min(1).describe('What it is, in a line.'),
});
export type CatalogVariable = z.infer<typeof variableSchema>;

const templates = z.record(z.string(), z.string());

const offerSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]*$/)
    .describe('`remote`, `local`, or another word for this way.'),
  by: z
    .enum(['vendor', 'community', 'generic'])
    .describe('Who makes the server. `generic`: a program that turns an API into one.'),
  auth: z.enum(['bearer', 'oauth', 'variables', 'none']).describe('How the server knows the caller.'),
  pinned: z.boolean().default(true).describe('False where no exact version is known: choose one.'),
  url: z.string().optional().describe('Endpoint of a remote server; `{NAME}` stands for a variable.'),
  headers: templates.optional().describe('Headers; `{NAME}` stands for a variable.'),
  command: z.string().optional().describe('Program of a local server.'),
  args: z.array(z.string()).optional().describe('Its arguments; no variable is put in here.'),
  env: templates
    .optional()
    .describe(
      'Variables of the program with fixed or composed values; `{NAME}` stands for a variable. Those not named here pass by their own names.',
    ),
  variables: z.array(variableSchema).default([]).describe('What the owner of the server has to give.'),
  notes: z.string().optional(),
});
export type CatalogOffer = z.infer<typeof offerSchema>;

/** One service. */
export const catalogEntrySchema = z.strictObject({
  title: z.string().min(1),
  prefixes: z.array(variableName).default([]).describe('How names of its secrets begin, beside its own name.'),
  offers: z.array(offerSchema).min(1).describe('Ways to reach a server, the best first.'),
  none: z.string().optional().describe('Says that the service has no server of its own, and what is offered instead.'),
  docs: z.url().describe('Where to read on.'),
  verified: z.iso.date().describe('When this was looked up.'),
  notes: z.string().optional(),
});
export type CatalogEntry = z.infer<typeof catalogEntrySchema>;
export type CatalogEntryInput = z.input<typeof catalogEntrySchema>;

/** A user's file: entries by name. `null` takes one of ours away. */
export const catalogFileSchema = z.record(
  z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'must be of a-z, 0-9 and "-"'),
  z.union([z.null(), catalogEntrySchema]),
);

/** All entries by name. */
export type Catalog = ReadonlyMap<string, CatalogEntry>;
