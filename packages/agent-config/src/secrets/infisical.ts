/**
 * Infisical by its REST API: universal auth (`INFISICAL_UNIVERSAL_AUTH_CLIENT_ID`, `…_CLIENT_SECRET`) or a ready token
 * (`INFISICAL_TOKEN`), then the raw secrets of one folder. `INFISICAL_API_URL` names another host, such as the EU's.
 */

import { type Answer, ask, objectIn, saidIn } from './answer.ts';
import { loadOnce } from './load-once.ts';
import { plainValue } from './plain-value.ts';
import type { SecretSource, SourceContext } from './source.ts';
import {
  SecretMissingError,
  SourceAnswerError,
  SourceInputError,
  SourceRateLimitError,
  SourceRefusedError,
} from './source-error.ts';

const defaultHost = 'https://app.infisical.com';
/** A token is renewed so long before it ends. */
const earlyMs = 30_000;

interface RawSecrets {
  secrets: { secretKey: string; secretValue: string }[];
  imports?: { secrets: { secretKey: string; secretValue: string }[] }[];
}

/** `address` is `PROJECT_ID/ENVIRONMENT[/FOLDER…]`. Its secrets are read once; a secret of its own wins over an imported one. */
export function infisicalSource(address: string, context: SourceContext): SecretSource {
  const [project, environment, ...folders] = address.split('/');
  if (!project || !environment) {
    throw new SourceInputError(`infisical:${address}`, 'names no environment', 'write infisical:PROJECT_ID/ENVIRONMENT[/FOLDER]');
  }
  const host = (context.env.INFISICAL_API_URL || defaultHost).replace(/\/+$/, '').replace(/\/api$/, '');
  const where = `Infisical ${address} at ${host}`;
  const secretPath = `/${folders.filter(Boolean).join('/')}`;
  const login = loginAt(host, where, context);

  const all = loadOnce(async (): Promise<Map<string, string>> => {
    const query = new URLSearchParams({
      workspaceId: project,
      environment,
      secretPath,
      expandSecretReferences: 'true',
      include_imports: 'true',
    });
    const get = async (token: string) =>
      ask({ url: `${host}/api/v3/secrets/raw?${query}`, headers: bearer(token), origin: where }, context);
    let answer = await get(await login.token());
    // A token may end before its time, when the server restarts or its owner takes it back.
    if (answer.status === 401 && login.forget()) answer = await get(await login.token());
    if (answer.status !== 200) throw errorFor(answer, where);
    const { secrets, imports = [] } = objectIn(answer, where) as unknown as RawSecrets;
    if (!Array.isArray(secrets)) throw new SourceAnswerError(where, 'answered without "secrets"', 'is this an Infisical server?');
    const found = [...imports.flatMap((one) => one.secrets ?? []), ...secrets];
    return new Map(found.map(({ secretKey, secretValue }) => [secretKey, secretValue]));
  });
  return {
    kind: 'infisical',
    where,
    list: async () => [...(await all()).keys()],
    async read(name) {
      const origin = `${where}, ${name}`;
      const text = (await all()).get(name);
      if (text === undefined) throw new SecretMissingError(origin, 'no such secret', 'add it there, or check the folder');
      const value = plainValue(text, origin);
      context.secrets.remember(value);
      return { value, secret: true, origin };
    },
    referenceTo: (name) => (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? `\${env:${name}}` : undefined),
  };
}

/** Gets tokens, and keeps one until shortly before it ends. */
function loginAt(host: string, where: string, context: SourceContext) {
  const { env, secrets, clock } = context;
  const { INFISICAL_TOKEN: ready, INFISICAL_UNIVERSAL_AUTH_CLIENT_ID: clientId } = env;
  const clientSecret = env.INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET;
  let kept: { token: string; endsAt: number } | undefined;
  return {
    async token(): Promise<string> {
      if (ready) {
        secrets.remember(ready);
        return ready;
      }
      if (kept && clock.now() < kept.endsAt) return kept.token;
      if (!clientId || !clientSecret) {
        const missing = clientId ? 'INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET' : 'INFISICAL_UNIVERSAL_AUTH_CLIENT_ID';
        throw new SourceInputError(
          where,
          `${missing} is not set`,
          'set the id and secret of a machine identity, or INFISICAL_TOKEN',
        );
      }
      secrets.remember(clientSecret);
      const answer = await ask(
        {
          url: `${host}/api/v1/auth/universal-auth/login`,
          method: 'POST',
          headers: { 'content-type': 'application/json', accept: 'application/json', 'user-agent': 'switchyard' },
          body: JSON.stringify({ clientId, clientSecret }),
          origin: where,
        },
        context,
      );
      if (answer.status !== 200) throw errorFor(answer, where);
      const { accessToken, expiresIn } = objectIn(answer, where) as { accessToken?: string; expiresIn?: number };
      if (!accessToken) throw new SourceAnswerError(where, 'the login gave no token', 'is this an Infisical server?');
      secrets.remember(accessToken);
      kept = { token: accessToken, endsAt: clock.now() + (expiresIn ?? 60) * 1000 - earlyMs };
      return accessToken;
    },
    /** Whether another token can be had. */
    forget(): boolean {
      kept = undefined;
      return !ready;
    },
  };
}

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}`, accept: 'application/json', 'user-agent': 'switchyard' };
}

/** Errors are `{statusCode, message, error, reqId}`. */
function errorFor(answer: Answer, where: string): Error {
  const id = saidIn(answer, ['reqId']);
  const said = `${saidIn(answer, ['message', 'error']) ?? `answered ${answer.status}`}${id === undefined ? '' : `, request ${id}`}`;
  switch (answer.status) {
    case 400:
    case 422:
      return new SourceInputError(where, said, 'check project id, environment and folder');
    case 401:
      return new SourceRefusedError(where, said, 'make a new client secret for the machine identity, and check the host');
    case 403:
      return new SourceRefusedError(where, said, 'let the machine identity read this project and environment');
    case 404:
      return new SecretMissingError(where, said, 'check project id, environment and folder');
    case 429:
      return new SourceRateLimitError(where, said, 'wait a minute');
    default:
      return new SourceAnswerError(where, said, "look at Infisical's status page or the server's log");
  }
}
