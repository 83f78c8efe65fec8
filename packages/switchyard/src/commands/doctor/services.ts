/** The units of the suite, where systemd runs them. */
import { execFile } from 'node:child_process';
import { bad, type Check, type Finding, note, ok } from './finding.ts';

const units = ['mcp-gateway.service', 'ai-inference.service', 'openai-proxy.service', 'mcp-*.socket'];
const properties = ['Id', 'LoadState', 'ActiveState', 'Result', 'ExecMainStatus'];
/** What systemd gives when a credential is missing (systemd.exec(5)). */
const credentialsStatus = '243';

export const checkServices: Check = async ({ env }) => {
  const text = await systemctl(['show', `--property=${properties.join(',')}`, ...units], env);
  return text
    .split(/\n\s*\n/)
    .map((block) => Object.fromEntries(block.split('\n').flatMap((line) => (line.includes('=') ? [split(line)] : []))))
    .filter(({ LoadState }) => LoadState === 'loaded')
    .map(checkUnit);
};

function checkUnit({ Id = '', ActiveState = '', Result = '', ExecMainStatus = '' }: Record<string, string>): Finding {
  if (ActiveState === 'active' || ActiveState === 'activating') return ok('service', `${Id}: ${ActiveState}`);
  if (ExecMainStatus === credentialsStatus) {
    const remedy = `a file of its LoadCredential= is missing: systemctl show ${Id} -p LoadCredential, then write that secret`;
    return bad('service-credentials', `${Id}: a credential is missing (${ExecMainStatus}/CREDENTIALS)`, remedy);
  }
  if (ActiveState === 'failed')
    return bad('service-failed', `${Id}: failed (${Result}, status ${ExecMainStatus})`, `journalctl -u ${Id} -n 50`);
  return note('service-stopped', `${Id}: ${ActiveState}`, `systemctl start ${Id}`);
}

/** What it prints; nothing where there is no systemd. */
function systemctl(args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve) => {
    const child = execFile('systemctl', args, { env, timeout: 5000 }, (error, stdout) => resolve(error === null ? stdout : ''));
    child.stdin?.end();
  });
}

function split(line: string): [string, string] {
  const equals = line.indexOf('=');
  return [line.slice(0, equals), line.slice(equals + 1).trim()];
}
