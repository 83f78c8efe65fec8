/** A source by what is written on the command line: `KIND[:WHERE]`. */
import { systemClock } from '@switchyard/kit/clock';
import { createHttpClient } from '@switchyard/kit/http-client';
import { didYouMean } from '@switchyard/kit/nearest';
import { Secrets } from '@switchyard/kit/secrets';
import { ageSource } from './age.ts';
import { credentialsSource } from './credentials.ts';
import { environmentSource } from './environment.ts';
import { filesSource, folderOf } from './files.ts';
import { infisicalSource } from './infisical.ts';
import { onePasswordSource } from './onepassword.ts';
import { onePasswordConnectSource } from './onepassword-connect.ts';
import { escSource } from './pulumi-esc/source.ts';
import { sopsSource } from './sops.ts';
import type { SecretSource, SourceContext, SourceKind } from './source.ts';
import { SourceInputError } from './source-error.ts';

interface Opening {
  /** What stands after the colon. */
  where: string;
  /** What it is, in a line for `--help`. */
  summary: string;
  /** Used when nothing stands there. */
  otherwise?: (env: NodeJS.ProcessEnv) => string | undefined;
  open(where: string, context: SourceContext): SecretSource;
}

/** Every kind of source. */
export const sourceKinds: Readonly<Record<SourceKind, Opening>> = {
  files: {
    where: 'FOLDER',
    summary: `files below a folder (${folderOf.files}: sops-nix, Kubernetes, Docker)`,
    otherwise: () => folderOf.files,
    open: (where, context) => filesSource('files', where, context),
  },
  env: { where: 'PREFIX', summary: 'variables of this process', otherwise: () => '', open: environmentSource },
  credentials: {
    where: '',
    summary: "systemd's credentials of this unit",
    otherwise: () => '',
    open: (_, context) => credentialsSource(context),
  },
  sops: { where: 'FILE', summary: 'a file of sops, with the program sops', open: sopsSource },
  age: { where: 'FOLDER', summary: 'NAME.age files, with the program age', open: ageSource },
  agenix: {
    where: 'FOLDER',
    summary: `what agenix installed (${folderOf.agenix})`,
    otherwise: () => folderOf.agenix,
    open: (where, context) => filesSource('agenix', where, context),
  },
  op: { where: 'VAULT', summary: '1Password, with the program op', open: onePasswordSource },
  'op-connect': { where: 'VAULT', summary: '1Password, by a Connect server', open: onePasswordConnectSource },
  infisical: { where: 'PROJECT/ENVIRONMENT[/FOLDER]', summary: 'Infisical', open: infisicalSource },
  esc: {
    where: 'ORG/PROJECT/ENVIRONMENT[@VERSION]',
    summary: 'Pulumi ESC',
    otherwise: (env) => env.ESC_ENVIRONMENT,
    open: escSource,
  },
};

/**
 * Opens `KIND:WHERE`; nothing is read yet. Throws SourceInputError that names the nearest kind, or what is missing.
 */
export function openSource(text: string, context: SourceContext): SecretSource {
  const colon = text.indexOf(':');
  const kind = colon < 0 ? text : text.slice(0, colon);
  const kinds = Object.keys(sourceKinds);
  if (!kinds.includes(kind)) {
    throw new SourceInputError(text, `unknown kind of source${didYouMean(kind, kinds)}`, `write one of ${kinds.join(', ')}`);
  }
  const opening = sourceKinds[kind as SourceKind];
  const where = (colon < 0 ? '' : text.slice(colon + 1)) || opening.otherwise?.(context.env);
  if (where === undefined) throw new SourceInputError(text, `does not say where`, `write ${kind}:${opening.where}`);
  return opening.open(where, context);
}

/** What sources need, for a command that runs once. End with `httpClient.close()`. */
export function sourceContext(env: NodeJS.ProcessEnv, timeoutMs = 15_000): SourceContext {
  const secrets = new Secrets({ env });
  return { env, secrets, timeoutMs, clock: systemClock, httpClient: createHttpClient({ connectTimeoutMs: timeoutMs }) };
}
