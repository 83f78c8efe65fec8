/** Judges a declaration: what is wrong with each server, before it is started. Pure. */
import type { Catalog, CatalogOffer, CatalogVariable } from '../catalog/entry.ts';
import { isPinned, packageOf, type Recognized, recognize } from '../catalog/recognize.ts';
import type { Declaration, DeclaredServer } from '../declaration.ts';
import { isKeyLike, isSecretName } from '../key-shapes.ts';
import { ServerEntryError, type Target, targetOf } from '../server-entry.ts';
import { referencesOf, textsOf } from './references.ts';
import type { Note, ProbeResult, ReferenceState, ServerRow } from './row.ts';

/** What is known beside the declaration. */
export interface Known {
  /** By server and reference, `github ${env:GITHUB_TOKEN}`: see `referenceKey`. */
  references: ReadonlyMap<string, ReferenceState>;
  /** By server; empty when nothing was probed. */
  probes: ReadonlyMap<string, ProbeResult>;
  env: NodeJS.ProcessEnv;
}

/** The same reference may mean different names for different servers. */
export const referenceKey = (server: string, reference: string): string => `${server} ${reference}`;

/** Programs that fetch what they run. */
const fetchers = new Set(['npx', 'bunx', 'pnpx', 'uvx', 'pipx', 'docker', 'podman']);

/** A row for each server, in the order of the declaration. */
export function judge({ mcpServers }: Pick<Declaration, 'mcpServers'>, known: Known, catalog: Catalog): ServerRow[] {
  return Object.entries(mcpServers).map(([name, server]) => judgeServer(name, server, known, catalog));
}

function judgeServer(name: string, server: DeclaredServer, known: Known, catalog: Catalog): ServerRow {
  const recognized = recognize(name, server, catalog);
  let target: Target;
  try {
    target = targetOf(server);
  } catch (error) {
    if (!(error instanceof ServerEntryError)) throw error;
    return {
      server: name,
      valid: false,
      auth: '–',
      endpoint: '–',
      notes: [{ level: 'error', code: 'entry', text: error.message }],
    };
  }
  const notes = [
    ...referenceNotes(name, server, known),
    ...plainSecrets(server, known.env),
    ...argumentNotes(server, target, known.env),
    ...(recognized ? catalogNotes(server, recognized, known.env) : []),
    ...transportNotes(server, target),
    ...probeNotes(known.probes.get(name)),
  ];
  const sorted = [...notes.filter(({ level }) => level === 'error'), ...notes.filter(({ level }) => level === 'note')];
  return {
    server: name,
    valid: !sorted.some(({ level }) => level === 'error'),
    auth: authOf(server, recognized?.offer),
    endpoint:
      target.kind === 'stdio' ? [target.command, ...target.args].join(' ') : target.kind === 'socket' ? target.path : target.url,
    notes: sorted,
  };
}

function referenceNotes(name: string, server: DeclaredServer, { references, env }: Known): Note[] {
  return referencesOf(server, env).flatMap(({ text, field }): Note[] => {
    const state = references.get(referenceKey(name, text));
    if (state?.state === 'bad') return [{ level: 'error', code: 'reference', text: `${field}: ${state.problem}` }];
    return state?.note === undefined ? [] : [{ level: 'note', code: 'reference', text: `${field}: ${state.note}` }];
  });
}

/** Secrets written out. They are errors: the file is read by programs, copied and committed. */
function plainSecrets(server: DeclaredServer, env: NodeJS.ProcessEnv): Note[] {
  return textsOf(server, env).flatMap(({ field, text }): Note[] => {
    const name = /^(?:env|headers|credentials)\.(.+)$/.exec(field)?.[1] ?? '';
    if (field === 'command' || text.includes('${') || !isKeyLike(text, name)) return [];
    return [
      {
        level: 'error',
        code: 'secret-in-file',
        text: `${field}: holds a secret; write a reference such as \${file:/run/secrets/NAME}`,
      },
    ];
  });
}

/** References among the arguments of a program. */
function argumentNotes(server: DeclaredServer, { kind }: Target, env: NodeJS.ProcessEnv): Note[] {
  if (kind !== 'stdio') return [];
  const fields = new Set(referencesOf(server, env).flatMap(({ field }) => (field.startsWith('args[') ? [field] : [])));
  return [...fields].map((field) => ({
    level: 'note',
    code: 'secret-in-argv',
    text: `${field}: goes on the command line, where every user of the machine can read it; use a variable if the program has one`,
  }));
}

/** What the catalog knows to be wrong. */
function catalogNotes(server: DeclaredServer, { entry, offer }: Recognized, env: NodeJS.ProcessEnv): Note[] {
  const texts = textsOf(server, env);
  const given = (variable: CatalogVariable): string | undefined => givenText(variable, offer, texts);
  const notes: Note[] = [];
  for (const variable of offer.variables) {
    const text = given(variable);
    if (text === undefined && isNeeded(variable, offer, given)) {
      notes.push({ level: 'error', code: 'variable-missing', text: `${variable.name} is missing: ${variable.summary}` });
    }
    for (const { pattern, why } of variable.rejects) {
      if (text !== undefined && new RegExp(pattern).test(text))
        notes.push({ level: 'error', code: 'variable-wrong', text: `${variable.name}: ${text} ${why}` });
    }
  }
  for (const { field, text: _ } of texts) {
    const name = /^(?:env|credentials)\.(.+)$/.exec(field)?.[1];
    const meant = name && offer.variables.find(({ from }) => from.includes(name));
    if (meant)
      notes.push({ level: 'error', code: 'variable-wrong', text: `${field}: this server reads ${meant.name} and not ${name}` });
  }
  if (offer.auth === 'oauth') notes.push({ level: 'note', code: 'oauth', text: 'signs in with OAuth in the agent' });
  if (entry.none !== undefined) notes.push({ level: 'note', code: 'no-server', text: entry.none });
  return notes;
}

/** What is written where the offer has the variable: by its name, or in the place of its `{NAME}`. */
function givenText(
  { name }: CatalogVariable,
  offer: CatalogOffer,
  texts: readonly { field: string; text: string }[],
): string | undefined {
  const at = (field: string) => texts.find((one) => one.field === field)?.text;
  const places = [
    ...Object.entries(offer.env ?? {}).map(([key, template]) => [`env.${key}`, template] as const),
    ...Object.entries(offer.headers ?? {}).map(([key, template]) => [`headers.${key}`, template] as const),
  ];
  const place = places.find(([, template]) => template.includes(`{${name}}`));
  if (place !== undefined) return at(place[0]);
  if (offer.url?.includes(`{${name}}`)) return at('url') ?? at('httpUrl') ?? at('serverUrl');
  return at(`credentials.${name}`) ?? at(`env.${name}`);
}

function isNeeded(
  variable: CatalogVariable,
  offer: CatalogOffer,
  given: (variable: CatalogVariable) => string | undefined,
): boolean {
  const { oneOf, required } = variable;
  // A header may be replaced by OAuth, where the vendor has both.
  if (oneOf === undefined) return required && offer.url === undefined;
  const group = offer.variables.filter((other) => other.oneOf === oneOf);
  return group[0] === variable && group.every((other) => given(other) === undefined);
}

function transportNotes(server: DeclaredServer, target: Target): Note[] {
  const notes: Note[] = [];
  if (server.disabled === true || server.enabled === false) notes.push({ level: 'note', code: 'disabled', text: 'disabled' });
  if (target.kind === 'stdio' && fetchers.has(target.command.split(/[\\/]/).at(-1) ?? '')) {
    const spec = target.args.filter((arg) => packageOf(arg) !== undefined).at(0);
    const pinned = target.args.some(isPinned);
    if (spec !== undefined && !pinned)
      notes.push({ level: 'note', code: 'unpinned', text: `${spec}: no exact version; what runs changes by itself` });
  }
  if (target.kind !== 'stdio' && target.kind !== 'socket') {
    const url = URL.parse(target.url);
    const open = url?.protocol === 'http:' && !/^(localhost|127\.|\[::1\])/.test(url.hostname);
    if (open && Object.keys(target.headers).length > 0) {
      notes.push({ level: 'error', code: 'unencrypted', text: `url: sends its headers unencrypted to ${url.host}; use https` });
    }
  }
  return notes;
}

function probeNotes(probe: ProbeResult | undefined): Note[] {
  if (probe === undefined) return [];
  return [
    probe.ok
      ? { level: 'note', code: 'probe', text: `answers: ${probe.says}, ${probe.tools} tools` }
      : { level: 'error', code: 'probe', text: probe.problem },
  ];
}

function authOf(server: DeclaredServer, offer: CatalogOffer | undefined): string {
  const header = Object.keys(server.headers ?? {}).find((name) => isSecretName(name));
  if (header !== undefined) {
    const scheme = /^(Bearer|Basic|Token)\s/i.exec(server.headers?.[header] ?? '')?.[1];
    return scheme === undefined ? header : scheme.toLowerCase();
  }
  const names = [...Object.keys(server.credentials ?? {}), ...Object.keys(server.env ?? {}).filter((name) => isSecretName(name))];
  if (names.length > 0) return names.join(', ');
  if (offer?.auth === 'oauth' || (offer?.auth === 'bearer' && offer.url !== undefined)) return 'oauth';
  return 'none';
}
