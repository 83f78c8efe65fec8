/**
 * The declaration: servers, the gateway in front of them, and what each agent of a machine is to get, in one JSON file
 * (`$XDG_CONFIG_HOME/switchyard/config.json` unless told otherwise). A file of `mcpServers` as clients write it is one too.
 */
import { readFile } from 'node:fs/promises';
import { ConfigError, loadConfig, parseConfig } from '@switchyard/kit/config';
import { didYouMean } from '@switchyard/kit/nearest';
import { z } from 'zod';
import { type AgentName, agentNames } from './agents/names.ts';
import { clientOnlyShape, serverEntryShape } from './server-entry.ts';

const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be a name of an environment variable (letters, digits, _)');
const absolutePath = z.string().regex(/^([/~]|[A-Za-z]:[\\/])/, 'must be an absolute path');
const fields = z.record(z.string(), z.unknown());

const declaredServerSchema = z.strictObject({
  ...serverEntryShape,
  ...clientOnlyShape,
  credentials: z
    .record(variable, z.string().min(1))
    .optional()
    .describe(
      'Secret variables of the program: name → `${file:PATH}`, `${credential:NAME}`, `${env:NAME}`, or the path of a file. Never a value.',
    ),
  agentFields: z
    .partialRecord(z.enum(agentNames), fields)
    .optional()
    .describe('Fields that only one agent knows, by agent; written into its entry as they are (mode `direct`).'),
});

const gatewaySchema = z.strictObject({
  url: z
    .string()
    .regex(/^https?:\/\//, 'must start with http:// or https://')
    .default('http://127.0.0.1:8085')
    .describe('Address of the gateway, without `/mcp`.'),
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]*$/, 'must be of a-z, 0-9 and "-" (every agent takes those)')
    .default('switchyard')
    .describe('Name of the entry in agents’ files.'),
  tokenEnv: variable.optional().describe('Environment variable of the agents that holds their token of the gateway.'),
  tokenFile: absolutePath.optional().describe('File that holds the token, readable by its user only.'),
  perServer: z.boolean().default(false).describe('One entry for each server (`/mcp/NAME`) instead of one for all (`/mcp`).'),
  groups: z
    .array(z.string().min(1))
    .optional()
    .describe('One entry for each of these groups of the gateway (`/mcp/group/NAME`) instead of one for all.'),
});

const agentChoicesSchema = z.strictObject({
  enable: z.boolean().default(true).describe('Whether this agent’s file is written.'),
  mode: z
    .enum(['gateway', 'direct', 'bridge'])
    .default('gateway')
    .describe(
      '`gateway`: an HTTP entry for the gateway. `bridge`: the gateway through `switchyard connect` over stdio. `direct`: each server.',
    ),
  scope: z.enum(['user', 'project']).default('user').describe('The file of the user, or the one of the project folder.'),
  projectRoot: absolutePath.optional().describe('The project folder of scope `project`. Default: the current folder.'),
  file: absolutePath.optional().describe('Path of the file, when it is not where the agent has it by default.'),
  token: z
    .enum(['auto', 'bridge', 'literal'])
    .default('auto')
    .describe(
      'How the agent gets its token. `auto`: by its own reference, else through the bridge. `literal`: the token itself, in a file of mode 0600.',
    ),
  servers: z
    .strictObject({
      include: z.array(z.string()).optional().describe('Only these servers.'),
      exclude: z.array(z.string()).optional().describe('All but these servers.'),
    })
    .optional()
    .describe('Which servers this agent gets (mode `direct`, and `gateway.perServer`).'),
  approve: z
    .union([z.literal('all'), z.array(z.string().min(1))])
    .optional()
    .describe('Tools called without asking: `all`, or names. Only where the agent’s file has such a setting.'),
});

const agentsShape = z.partialRecord(z.enum(agentNames), agentChoicesSchema);
const nullable = <T extends z.ZodType>(schema: T) => z.union([schema, z.null()]);

const overlaySchema = z.strictObject({
  gateway: gatewaySchema
    .extend({
      url: gatewaySchema.shape.url.unwrap().optional(),
      name: gatewaySchema.shape.name.unwrap().optional(),
      perServer: z.boolean().optional(),
    })
    .optional(),
  mcpServers: z
    .record(z.string(), nullable(declaredServerSchema))
    .optional()
    .describe('Changed fields of servers; null removes one.'),
  agents: z
    .partialRecord(
      z.enum(agentNames),
      nullable(
        agentChoicesSchema.extend({
          enable: z.boolean().optional(),
          mode: agentChoicesSchema.shape.mode.unwrap().optional(),
          scope: agentChoicesSchema.shape.scope.unwrap().optional(),
          token: agentChoicesSchema.shape.token.unwrap().optional(),
        }),
      ),
    )
    .optional(),
});

/** Everything that can be declared. */
export const declarationSchema = z.strictObject({
  gateway: gatewaySchema.prefault({}).describe('The gateway that agents are pointed at.'),
  mcpServers: z
    .record(z.string().min(1), declaredServerSchema)
    .default({})
    .describe('The servers, in the shape that MCP clients use.'),
  agents: agentsShape
    .optional()
    .describe('Choices for each agent. Default: every agent found on the machine, in mode `gateway`.'),
  environments: z
    .record(z.string().min(1), overlaySchema)
    .default({})
    .describe('Overlays by name, chosen with `--env NAME`: what they say replaces what is said above, key by key.'),
});

export type Declaration = z.infer<typeof declarationSchema>;
/** What is written, before defaults. */
export type DeclarationInput = z.input<typeof declarationSchema>;
export type DeclaredServer = z.infer<typeof declaredServerSchema>;
export type GatewayChoices = z.infer<typeof gatewaySchema>;
export type AgentChoices = z.infer<typeof agentChoicesSchema>;

/** The choices of an agent that is not named in the declaration. */
export const defaultChoices: AgentChoices = agentChoicesSchema.parse({});

/** Checks a value. `source` is named in messages. Throws ConfigError, with every fault at once. */
export function parseDeclaration(value: unknown, source: string): Declaration {
  return parseConfig(declarationSchema, value, source);
}

/** Reads and checks a file. Throws ConfigError naming file, line, column or field, and remedy. */
export async function loadDeclaration(file: string): Promise<Declaration> {
  return loadConfig(declarationSchema, file);
}

/** Whether a declaration is there at all. */
export async function isDeclared(file: string): Promise<boolean> {
  return readFile(file).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );
}

/**
 * The declaration as the environment of that name has it: objects are merged key by key, `null` removes a server or an
 * agent, everything else replaces. Throws ConfigError for a name that is not declared.
 */
export function withEnvironment(declaration: Declaration, name: string | undefined, source: string): Declaration {
  if (name === undefined) return declaration;
  const { environments, ...base } = declaration;
  const overlay = Object.hasOwn(environments, name) ? environments[name] : undefined;
  if (overlay === undefined) {
    const known = Object.keys(environments);
    const hint = didYouMean(name, known) || (known.length > 0 ? ` (declared: ${known.join(', ')})` : ' (none is declared)');
    throw new ConfigError(source, [{ path: 'environments', message: `there is no environment "${name}"${hint}` }]);
  }
  return parseDeclaration(merged(base, overlay), `${source} (environment ${name})`);
}

function merged(base: unknown, overlay: unknown): unknown {
  if (!isObject(base) || !isObject(overlay)) return overlay;
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(overlay)) {
    if (value === null) delete result[key];
    else result[key] = merged(result[key], value);
  }
  return result;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What is chosen for an agent. */
export function choicesOf(declaration: Declaration, agent: AgentName): AgentChoices {
  return declaration.agents?.[agent] ?? defaultChoices;
}
