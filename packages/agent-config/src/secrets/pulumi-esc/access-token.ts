/**
 * The token for Pulumi's API: `PULUMI_ACCESS_TOKEN`, or, in a GitHub workflow with `id-token: write`, one that lives for an
 * hour, in exchange for the workflow's identity (RFC 8693), so that no lasting secret is needed.
 */
import { ask, objectIn, saidIn } from '../answer.ts';
import type { SourceContext } from '../source.ts';
import { SourceAnswerError, SourceInputError, SourceRefusedError } from '../source-error.ts';
import { escRefusal } from './refusal.ts';

const lifeSeconds = 3600;

/** A token for `organization`. Throws SourceError. */
export async function escAccessToken(baseUrl: string, organization: string, context: SourceContext): Promise<string> {
  const { PULUMI_ACCESS_TOKEN: given, ACTIONS_ID_TOKEN_REQUEST_URL, ACTIONS_ID_TOKEN_REQUEST_TOKEN } = context.env;
  if (given) {
    context.secrets.remember(given);
    return given;
  }
  if (ACTIONS_ID_TOKEN_REQUEST_URL && ACTIONS_ID_TOKEN_REQUEST_TOKEN) {
    const audience = `urn:pulumi:org:${organization}`;
    const subject = await workflowIdentity(ACTIONS_ID_TOKEN_REQUEST_URL, ACTIONS_ID_TOKEN_REQUEST_TOKEN, audience, context);
    return exchange(baseUrl, audience, subject, context);
  }
  throw new SourceInputError(
    'Pulumi ESC',
    'no access token',
    'set PULUMI_ACCESS_TOKEN; in a GitHub workflow `permissions: id-token: write` does as well',
  );
}

/** The workflow's own id token (GitHub, "OpenID Connect reference": `GET $URL&audience=…` with the request token). */
async function workflowIdentity(url: string, token: string, audience: string, context: SourceContext): Promise<string> {
  const origin = "the workflow's identity";
  context.secrets.remember(token);
  const headers = { authorization: `Bearer ${token}`, accept: 'application/json' };
  const address = new URL(url);
  address.searchParams.set('audience', audience);
  const answer = await ask({ url: address.href, headers, origin }, context);
  const value = answer.status === 200 ? saidIn(answer, ['value']) : undefined;
  if (value === undefined) {
    throw new SourceRefusedError(
      origin,
      `answered ${answer.status} without a token`,
      'give the job `permissions: id-token: write`',
    );
  }
  context.secrets.remember(value);
  return value;
}

async function exchange(baseUrl: string, audience: string, subject: string, context: SourceContext): Promise<string> {
  const origin = `${baseUrl}/api/oauth/token`;
  const body = new URLSearchParams({
    audience,
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: subject,
    subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
    requested_token_type: 'urn:pulumi:token-type:access_token:organization',
    expiration: String(lifeSeconds),
  });
  const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json', 'user-agent': 'switchyard' };
  const answer = await ask({ url: origin, method: 'POST', headers, body: body.toString(), origin }, context);
  if (answer.status !== 200) throw escRefusal(answer, origin);
  const { access_token: token } = objectIn(answer, origin);
  if (typeof token !== 'string' || token === '') {
    throw new SourceAnswerError(origin, 'the exchange gave no token', 'is PULUMI_BACKEND_URL the address of a Pulumi API?');
  }
  context.secrets.remember(token);
  return token;
}
