/** The gateway: whether it answers, lets us in, and how its servers are. */
import type { ServerView } from '../servers.ts';
import { bad, type Check, type Finding, note, ok } from './finding.ts';

interface PinView {
  server: string;
  tool: string;
  state: string;
  listed: boolean;
}

export const checkGateway: Check = async ({ gateway, env }) => {
  const answer = await get(`${gateway}/api/servers`, env.SWITCHYARD_TOKEN);
  if (answer === undefined) {
    return [bad('gateway-down', `no gateway answers at ${gateway}`, 'start it with `switchyard up`, or name another with --url')];
  }
  const { status, body } = answer;
  if (status === 401 || status === 403) {
    const remedy = 'make a token with `switchyard token create --name NAME` and export it as SWITCHYARD_TOKEN';
    return [bad('gateway-refuses', `the gateway at ${gateway} does not let us in (${status})`, remedy)];
  }
  const servers = (body as { servers?: ServerView[] } | undefined)?.servers;
  if (!Array.isArray(servers)) {
    const remedy = 'another program has the port: end it, or give the gateway another one (`listen.port`) and name it with --url';
    return [bad('gateway-foreign', `what answers at ${gateway} (${status}) is no gateway`, remedy)];
  }
  const own = ok('gateway', `gateway answers at ${gateway} with ${servers.length} server${servers.length === 1 ? '' : 's'}`);
  return [own, ...servers.map(checkServer), ...(await checkTrust(gateway, env.SWITCHYARD_TOKEN))];
};

/** Undefined when nobody answers. */
export async function get(url: string, token?: string): Promise<{ status: number; body: unknown } | undefined> {
  try {
    const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(5000) });
    const text = await response.text();
    return { status: response.status, body: parsed(text) };
  } catch {
    return undefined;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function checkServer({ name, state, tools, lastError = '', protocolVersion }: ServerView): Finding {
  if (state === 'ready') return ok('server', `${name}: ready, ${tools} tools, MCP ${protocolVersion ?? '?'}`);
  if (state === 'disabled') return note('server-disabled', `${name}: disabled`);
  if (state === 'starting' && lastError === '') return note('server-starting', `${name}: starting`, 'look again in a moment');
  const known = faults.find(({ when }) => when.test(lastError));
  const what = `${name}: ${state}${lastError === '' ? '' : `: ${lastError}`}`;
  if (known) return bad(known.code, what, known.remedy);
  return bad('server-failed', what, `look at its last lines: \`switchyard servers --json\`, or GET /api/servers/${name}`);
}

/** What usually helps, by what the error says. */
const faults: readonly { when: RegExp; code: string; remedy: string }[] = [
  {
    when: /not found on PATH/,
    code: 'server-program-missing',
    remedy: 'install the program, or write its absolute path into "command"',
  },
  { when: /not executable/, code: 'server-not-executable', remedy: 'chmod +x the program' },
  {
    when: /socket does not exist|ENOENT.*\.sock/,
    code: 'server-socket-missing',
    remedy: 'start its socket unit: systemctl start mcp-NAME.socket',
  },
  {
    when: /credential|does not exist|is not set|secret/i,
    code: 'server-secret-missing',
    remedy: 'declare the secret, or make the file readable for the user of the gateway',
  },
  {
    when: /answered 40[13]/,
    code: 'server-refused',
    remedy: 'the server wants a valid credential: check "headers" of this server',
  },
  {
    when: /ECONNREFUSED|ENOTFOUND|nothing listens|host name|connect/,
    code: 'server-unreachable',
    remedy: 'check that the server behind "url" runs and that the address is right',
  },
];

async function checkTrust(gateway: string, token: string | undefined): Promise<Finding[]> {
  const answer = await get(`${gateway}/api/trust`, token);
  const { tools = [] } = (answer?.body ?? {}) as { tools?: PinView[] };
  return tools
    .filter(({ state, listed }) => state === 'quarantined' && listed)
    .map(({ server, tool }) =>
      bad(
        'tool-quarantined',
        `${server}: the definition of "${tool}" changed, and waits for a decision`,
        `look at it: \`switchyard trust accept ${server} ${tool}\``,
      ),
    );
}
