/** The token that agents show to the gateway. */
import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { isDeclared } from '@switchyard/agent-config/declaration';
import { SecretError, Secrets } from '@switchyard/kit/secrets';
import { CommandError } from '../../command.ts';
import { declarationOf, defaultDeclaration } from '../config/declared.ts';
import { bad, type Check, type Finding, note, ok } from './finding.ts';
import { get } from './gateway.ts';

export const checkToken: Check = async ({ env, choices }) => {
  if (!(await isDeclared(resolve(choices.config ?? defaultDeclaration(env))))) return [];
  const declared = await declarationOf(choices).catch((error: unknown) => {
    if (error instanceof CommandError) return undefined; // The check of the declaration says so.
    throw error;
  });
  if (!declared) return [];
  const { tokenFile, tokenEnv, url } = declared.declaration.gateway;
  const path = tokenFile?.replace(/^~(?=\/)/, env.HOME ?? homedir());
  const findings: Finding[] = [];
  if (path !== undefined && ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) !== 0)
    findings.push(
      bad(
        'token-open',
        `other users of this machine may read the token in ${path}`,
        `chmod 600 ${path}; then give it a new text: \`switchyard token rotate NAME\``,
      ),
    );
  const reference = path !== undefined ? `\${file:${path}}` : tokenEnv !== undefined ? `\${env:${tokenEnv}}` : undefined;
  if (reference === undefined) return findings;
  try {
    const token = new Secrets({ env }).resolve(reference, 'gateway');
    const answer = await get(`${url.replace(/\/$/, '')}/api/servers`, token);
    if (answer?.status === 401)
      findings.push(
        bad(
          'token-refused',
          `the gateway at ${url} does not know the token of agents`,
          `make a new one and put it there: \`switchyard token create --name agents\``,
        ),
      );
    else if (answer?.status === 200) findings.push(ok('token', 'the gateway takes the token of agents'));
  } catch (error) {
    if (!(error instanceof SecretError)) throw error;
    const text = error.message.replace(/^gateway: /, '');
    if (path === undefined)
      findings.push(note('token-unset', `token of agents: ${text}`, `export ${tokenEnv} where agents are started`));
    else
      findings.push(
        bad(
          'token-missing',
          `token of agents: ${text}`,
          `switchyard token create --name agents --json, and put its text into ${path}`,
        ),
      );
  }
  return findings;
};
