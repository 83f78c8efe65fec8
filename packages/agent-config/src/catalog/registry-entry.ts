/**
 * The MCP registry's `server.json` (schema 2025-12-11, and the older ones with snake_case names) as an entry of the catalog, with
 * the exact version it names. Pure.
 */
import { z } from 'zod';
import { type CatalogEntry, type CatalogOffer, type CatalogVariable, catalogEntrySchema } from './entry.ts';

const input = z.looseObject({
  value: z.string().optional(),
  default: z.string().optional(),
  description: z.string().optional(),
  isRequired: z.boolean().optional(),
  isSecret: z.boolean().optional(),
});
const inputs = z.record(z.string(), input).optional();
const keyed = input.extend({ name: z.string(), variables: inputs });
const argument = input.extend({
  type: z.enum(['positional', 'named']),
  name: z.string().optional(),
  valueHint: z.string().optional(),
  variables: inputs,
});
const transport = z.looseObject({
  type: z.string(),
  url: z.string().optional(),
  headers: z.array(keyed).optional(),
  variables: inputs,
});
const packageSchema = z.looseObject({
  registryType: z.string(),
  identifier: z.string(),
  version: z.string().optional(),
  runtimeHint: z.string().optional(),
  transport: transport.default({ type: 'stdio' }),
  runtimeArguments: z.array(argument).default([]),
  packageArguments: z.array(argument).default([]),
  environmentVariables: z.array(keyed).default([]),
});
const serverSchema = z.looseObject({
  name: z.string(),
  title: z.string().optional(),
  description: z.string().optional(),
  version: z.string().optional(),
  websiteUrl: z.string().optional(),
  repository: z.looseObject({ url: z.string().optional() }).optional(),
  packages: z.array(packageSchema).default([]),
  remotes: z.array(transport).default([]),
});
type Package = z.infer<typeof packageSchema>;
type Keyed = z.infer<typeof keyed>;
type Argument = z.infer<typeof argument>;

/** Raised for a file that can not be used; the message names the field and says why. */
export class RegistryEntryError extends Error {
  override name = 'RegistryEntryError';
}

/** `date` is the day of the import, `YYYY-MM-DD`. Throws RegistryEntryError. */
export function fromServerJson(value: unknown, date: string): { name: string; entry: CatalogEntry } {
  // The registry's own answers wrap the file: {server: {…}, _meta: {…}}.
  const unwrapped = isObject(value) && isObject(value.server) ? value.server : value;
  const parsed = serverSchema.safeParse(camelCased(unwrapped));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new RegistryEntryError(
      `${issue?.path.join('.') || 'the file'}: ${issue?.message}; is this a server.json of the MCP registry?`,
    );
  }
  const server = parsed.data;
  const refused: string[] = [];
  const offers = [...server.remotes.map(remoteOffer), ...server.packages.map((one) => packageOffer(one, refused))].filter(
    (offer) => offer !== undefined,
  );
  if (offers.length === 0) {
    throw new RegistryEntryError(
      refused.join('; ') || 'names neither "packages" nor "remotes": there is nothing to start or to reach',
    );
  }
  const name = shortName(server.name);
  const entry = {
    title: server.title ?? server.name,
    offers: distinct(offers),
    docs:
      [server.websiteUrl, server.repository?.url].find((url) => URL.canParse(url ?? '')) ??
      'https://registry.modelcontextprotocol.io',
    verified: date,
    notes: [server.description, `${server.name} ${server.version ?? ''}`.trim(), ...refused].filter(Boolean).join('; '),
  };
  const checked = catalogEntrySchema.safeParse(entry);
  if (checked.success) return { name, entry: checked.data };
  const [issue] = checked.error.issues;
  throw new RegistryEntryError(`${issue?.path.join('.')}: ${issue?.message}`);
}

/** `io.github.acme/weather_server` → `weather-server`. */
export function shortName(name: string): string {
  const last = name.split('/').at(-1) ?? name;
  return (
    last
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '') || 'server'
  );
}

function remoteOffer({ type, url = '', headers = [], variables = {} }: z.infer<typeof transport>): CatalogOffer | undefined {
  if (!['streamable-http', 'sse', 'http'].includes(type)) return undefined;
  const needed = new Map<string, CatalogVariable>();
  const filled = headers.map((header) => [header.name, templateOf(header, header.variables, needed)] as const);
  return {
    name: 'remote',
    by: 'vendor',
    auth: headers.length > 0 ? 'bearer' : 'none',
    pinned: true,
    url: templated(url, variables, needed),
    ...(filled.length > 0 && { headers: Object.fromEntries(filled) }),
    variables: [...needed.values()],
    ...(type === 'sse' && { notes: 'speaks the older SSE transport' }),
  };
}

/** How each kind of package is started, with its exact version. */
const starters: Readonly<Record<string, { command: string; args: (identifier: string, version: string) => string[] }>> = {
  npm: { command: 'npx', args: (identifier, version) => ['-y', `${identifier}@${version}`] },
  pypi: { command: 'uvx', args: (identifier, version) => [`${identifier}==${version}`] },
  oci: { command: 'docker', args: (identifier, version) => [tagged(identifier, version)] },
};

function packageOffer(one: Package, refused: string[]): CatalogOffer | undefined {
  const starter = starters[one.registryType];
  const version = one.version ?? (one.registryType === 'oci' ? '' : undefined);
  if (starter === undefined) refused.push(`packages of type "${one.registryType}" are not started here (${one.identifier})`);
  else if (one.transport.type !== 'stdio')
    refused.push(`${one.identifier} speaks ${one.transport.type}: start it, and declare its URL`);
  else if (version === undefined || !isExact(version, one)) refused.push(`${one.identifier} names no exact version`);
  else {
    const needed = new Map<string, CatalogVariable>();
    const env: Record<string, string> = {};
    for (const variable of one.environmentVariables) {
      const value = templateOf(variable, variable.variables, needed);
      if (value !== `{${variable.name}}`) env[variable.name] = value;
    }
    const own = one.packageArguments.flatMap((each) => argumentTexts(each));
    const runtime = one.runtimeArguments.flatMap((each) => argumentTexts(each));
    const start = starter.args(one.identifier, version);
    const docker = ['run', '-i', '--rm', ...one.environmentVariables.flatMap(({ name }) => ['-e', name]), ...runtime, ...start];
    return {
      name: one.registryType === 'npm' ? 'local' : one.registryType,
      by: 'vendor',
      auth: 'variables',
      pinned: true,
      command: starter.command,
      args: [...(one.registryType === 'oci' ? docker : [...runtime, ...start]), ...own],
      ...(Object.keys(env).length > 0 && { env }),
      variables: [...needed.values()],
    };
  }
  return undefined;
}

/** What goes on the command line. What its owner has to fill in stays as `<hint>`, for an eye to find. */
function argumentTexts({ type, name = '', value, default: otherwise, valueHint }: Argument): string[] {
  const text = value ?? otherwise;
  if (type === 'positional') return [text ?? `<${valueHint ?? 'value'}>`];
  const flag = name.startsWith('-') ? name : `--${name}`;
  return text === undefined && valueHint === undefined ? [flag] : [flag, text ?? `<${valueHint}>`];
}

function templateOf(one: Keyed, variables: Argument['variables'], needed: Map<string, CatalogVariable>): string {
  if (one.value !== undefined) return templated(one.value, variables ?? {}, needed);
  return need(one.name, one, needed);
}

/** `{name}` in a template becomes a variable, where it is described as one. */
function templated(text: string, variables: NonNullable<Argument['variables']>, needed: Map<string, CatalogVariable>): string {
  return text.replace(/\{([\w.-]+)\}/g, (whole, name: string) => {
    const described = variables[name];
    return described === undefined ? whole : (described.value ?? need(name, described, needed));
  });
}

function need(name: string, one: z.infer<typeof input>, needed: Map<string, CatalogVariable>): string {
  const own = name.replace(/[^A-Za-z0-9]+/g, '_').toUpperCase();
  needed.set(own, {
    name: own,
    field: one.isSecret === true ? 'apiKey' : /URL|HOST|ENDPOINT/.test(own) ? 'endpoint' : 'other',
    secret: one.isSecret ?? false,
    required: one.isRequired ?? false,
    from: [],
    rejects: [],
    ...(one.default !== undefined && one.isSecret !== true && { default: one.default }),
    summary: one.description || own,
  });
  return `{${own}}`;
}

function isExact(version: string, { registryType, identifier }: Package): boolean {
  if (registryType === 'oci')
    return /(@sha256:|:[^/]+$)/.test(tagged(identifier, version)) && !/:latest$/.test(tagged(identifier, version));
  return /^v?\d+(\.\d+)*([-+.]?[\w.]+)*$/.test(version) && !/(^|\.)[x*](\.|$)/.test(version);
}

function tagged(identifier: string, version: string): string {
  const hasTag = /(@sha256:|:[^/]+$)/.test(identifier);
  return hasTag || version === '' ? identifier : `${identifier}:${version}`;
}

/** Names of offers are told apart by a number. */
function distinct(offers: readonly CatalogOffer[]): CatalogOffer[] {
  const seen = new Map<string, number>();
  return offers.map((offer) => {
    const count = (seen.get(offer.name) ?? 0) + 1;
    seen.set(offer.name, count);
    return count === 1 ? offer : { ...offer, name: `${offer.name}-${count}` };
  });
}

/** Older files: `registry_type`, `environment_variables`. Keys of maps by name are left alone: they hold no `_`-spelled field of ours. */
function camelCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelCased);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key === 'variables' || key === '_meta' ? key : key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      key === 'variables' ? member : camelCased(member),
    ]),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
