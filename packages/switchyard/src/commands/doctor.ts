/** `switchyard doctor`: looks at everything it can see and says, for what is wrong, how to mend it. */
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Command, CommandError } from '../command.ts';
import { readFlags } from '../flags.ts';
import { gatewayFlags, gatewayUrl, requestGateway } from '../gateway-client.ts';
import { defaultProxyUrl, defaultRouterUrl, isAlive, routerView } from '../model-plane.ts';
import { placesOf } from '../places.ts';
import type { ServerView } from './servers.ts';

interface Finding {
  level: 'ok' | 'note' | 'bad';
  what: string;
  /** What to do about it. */
  remedy?: string;
}

export const command: Command = {
  usage: 'doctor [--url URL] [--json]',
  async run(args) {
    const { values } = readFlags(args, gatewayFlags);
    const findings = [
      checkNode(process.versions.node),
      checkState(),
      checkSandbox(process.env.PATH ?? ''),
      ...(await checkGateway(gatewayUrl(values.url))),
      ...(await checkModels(process.env.SWITCHYARD_ROUTER_URL ?? defaultRouterUrl)),
      await checkProxy(process.env.SWITCHYARD_PROXY_URL ?? defaultProxyUrl),
    ];
    if (values.json) console.log(JSON.stringify(findings, null, 2));
    else for (const finding of findings) console.log(render(finding));
    const bad = findings.filter(({ level }) => level === 'bad').length;
    if (!values.json)
      console.log(bad === 0 ? '\nEverything that matters works.' : `\n${bad} thing${bad === 1 ? '' : 's'} to mend.`);
    return bad === 0 ? 0 : 1;
  },
};

function render({ level, what, remedy }: Finding): string {
  const mark = { ok: '  ok  ', note: ' note ', bad: ' BAD  ' }[level];
  return `${mark} ${what}${remedy === undefined ? '' : `\n       → ${remedy}`}`;
}

function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 19)) return { level: 'ok', what: `Node ${version}` };
  return {
    level: 'bad',
    what: `Node ${version} is too old`,
    remedy: 'use Node 22.19 or newer, or start through `npm start`, which brings its own',
  };
}

function checkState(): Finding {
  const { stateDirectory } = placesOf(process.env);
  if (!existsSync(stateDirectory))
    return { level: 'note', what: `no state yet in ${stateDirectory}`, remedy: '`switchyard up` creates it' };
  try {
    accessSync(stateDirectory, constants.R_OK | constants.W_OK);
    return { level: 'ok', what: `state in ${stateDirectory}` };
  } catch {
    return { level: 'bad', what: `${stateDirectory} is not writable by this user`, remedy: `chown -R "$USER" ${stateDirectory}` };
  }
}

function checkSandbox(path: string): Finding {
  const found = path.split(delimiter).some((folder) => existsSync(join(folder, 'bwrap')));
  if (found) return { level: 'ok', what: 'bubblewrap is there: spawned servers can be sandboxed' };
  return {
    level: 'note',
    what: 'bubblewrap (bwrap) is not on PATH: spawned servers run unsandboxed',
    remedy: 'install the package "bubblewrap"',
  };
}

async function checkGateway(url: string): Promise<Finding[]> {
  let servers: ServerView[];
  try {
    ({ servers } = await requestGateway<{ servers: ServerView[] }>(url, '/api/servers'));
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return [{ level: 'bad', what: `gateway: ${error.message}` }];
  }
  const own: Finding = {
    level: 'ok',
    what: `gateway answers at ${url} with ${servers.length} server${servers.length === 1 ? '' : 's'}`,
  };
  return [own, ...servers.map(checkServer)];
}

async function checkModels(url: string): Promise<Finding[]> {
  const view = await routerView(url);
  if (!view)
    return [
      { level: 'note', what: `no model router answers at ${url}`, remedy: '`switchyard up` or `switchyard run ai-inference`' },
    ];
  if (view.providers.length === 0)
    return [
      {
        level: 'note',
        what: `the model router answers at ${url}, and has no provider`,
        remedy: `${view.missing.map(({ name, remedy }) => `${name}: ${remedy}`).join('; ')}; or start Ollama`,
      },
    ];
  return view.providers.map(({ name, baseUrl, state, problem, models }) =>
    state === 'ready'
      ? { level: 'ok', what: `models of ${name}: ready${models === undefined ? '' : `, ${models} models`}` }
      : { level: 'bad', what: `models of ${name}: ${problem}`, remedy: `check its key, and that ${baseUrl} can be reached` },
  );
}

async function checkProxy(url: string): Promise<Finding> {
  return (await isAlive(url))
    ? { level: 'ok', what: `openai-proxy answers at ${url}` }
    : { level: 'note', what: `no openai-proxy answers at ${url}`, remedy: '`switchyard up` or `switchyard run openai-proxy`' };
}

function checkServer({ name, state, tools, lastError = '', protocolVersion }: ServerView): Finding {
  if (state === 'ready') return { level: 'ok', what: `${name}: ready, ${tools} tools, MCP ${protocolVersion ?? '?'}` };
  if (state === 'disabled') return { level: 'note', what: `${name}: disabled` };
  const remedy =
    remedies.find(({ when }) => when.test(lastError))?.say ??
    `look at its last lines: \`switchyard servers --json\`, or GET /api/servers/${name}`;
  return { level: 'bad', what: `${name}: ${state}${lastError === '' ? '' : `: ${lastError}`}`, remedy };
}

/** What usually helps, by what the error says. */
const remedies: readonly { when: RegExp; say: string }[] = [
  { when: /not found on PATH/, say: 'install the program, or write its absolute path into "command"' },
  { when: /not executable/, say: 'chmod +x the program' },
  { when: /credential|does not exist|secret/i, say: 'declare the secret, or make the file readable for the user of the gateway' },
  { when: /answered 40[13]/, say: 'the server wants a valid credential: check "headers" of this server' },
  { when: /ECONNREFUSED|ENOTFOUND|connect/, say: 'check that the server behind "url" runs and that the address is right' },
  { when: /socket does not exist/, say: 'start its socket unit: systemctl start mcp-NAME.socket' },
];
