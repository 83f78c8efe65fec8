/** `switchyard up`: the whole suite in the foreground, on embedded defaults or a config file. Ctrl-C ends everything. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type ChildDaemon, startDaemon } from '../child-daemon.ts';
import { type Command, CommandError } from '../command.ts';
import { readFlags } from '../flags.ts';
import { requestGateway } from '../gateway-client.ts';
import { isAlive, routerLines, routerView } from '../model-plane.ts';
import { placesOf } from '../places.ts';
import { defaultSuite, readSuite, type Suite } from '../suite.ts';
import { type ServerView, serversTable } from './servers.ts';

const startLimitMs = 60_000;

export const command: Command = {
  usage: `up [--config FILE] [--verbose]

Without --config: a gateway on 127.0.0.1:8085 with the servers filesystem, memory and everything, the model
router on 127.0.0.1:8765 with the providers whose keys are in the environment, and openai-proxy on 127.0.0.1:3001.
FILE holds {"mcp-gateway": {…}, "ai-inference": {…}, "openai-proxy": {…}}, or is any client's mcpServers file. --verbose shows the daemons' logs.`,
  async run(args) {
    const { values } = readFlags(args, { config: { type: 'string' }, verbose: { type: 'boolean' } } as const);
    const places = placesOf(process.env);
    const suite = values.config === undefined ? defaultSuite(places) : readSuite(values.config);
    if (Object.keys(suite).length === 0) throw new CommandError('the config declares no daemon', 78);
    const children = Object.entries(suite).map(([name, config]) =>
      startDaemon(name, config, places.stateDirectory, values.verbose ?? false),
    );
    const asked = askedToStop();
    const died = Promise.race(children.map(async (child) => ({ child, how: await child.ended })));
    try {
      const first = await Promise.race([announce(suite, children), asked, died]);
      const last = first === 'announced' ? await Promise.race([asked, died]) : first;
      if (typeof last === 'object') throw new CommandError(`${last.child.name}: ${last.how}\n${last.child.lastWords()}`);
      console.error(`\n${String(last)}: stopping …`);
    } finally {
      await Promise.all(children.map((child) => child.stop()));
    }
    return 0;
  },
};

function askedToStop(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve(signal));
  });
}

/** Waits until everything has settled, shows where it is, and says how to go on. */
async function announce(suite: Suite, children: readonly ChildDaemon[]): Promise<'announced' | never> {
  const { 'mcp-gateway': gateway, 'ai-inference': router, 'openai-proxy': proxy } = suite;
  const rows: [string, string][] = [];
  const hints: string[] = [];
  if (gateway) {
    const url = urlOf(gateway, 8085);
    process.stderr.write(`Starting mcp-gateway at ${url} …\n`);
    const servers = await settledServers(url);
    console.log(`\n${serversTable(servers)}\n`);
    rows.push(
      ['MCP, all servers', `${url}/mcp`],
      ...servers.map(({ name }): [string, string] => [`MCP, ${name}`, `${url}/mcp/${name}`]),
      ['REST', `${url}/api/servers`],
      ['OpenAPI of the tools', `${url}/api/openapi.json`],
      ['Health', `${url}/health/ready`],
      ['Metrics', `${url}/metrics`],
    );
    hints.push('npx switchyard tools', 'npx switchyard call everything echo \'{"message": "hello"}\'');
  }
  if (router) {
    const url = urlOf(router, 8765);
    const view = await answered(url, 'ai-inference', () => routerView(url));
    rows.push(
      ['Models, OpenAI and Anthropic', `${url}/v1`],
      ['Models, what is going on', `${url}/status`],
      ...routerLines(view).map((line): [string, string] => ['Models, providers', line]),
    );
  }
  if (proxy) {
    const url = urlOf(proxy, 3001);
    await answered(url, 'openai-proxy', async () => (await isAlive(url)) || undefined);
    rows.push(['For OpenAI apps (base URL)', `${url}/v1`], ['For Anthropic and Gemini apps', url]);
  }
  rows.push(...children.map(({ name, logFile }): [string, string] => [`Log of ${name}`, logFile]));
  const width = Math.max(...rows.map(([title]) => title.length));
  for (const [title, where] of rows) console.log(`  ${title.padEnd(width)}  ${where}`);
  console.log(`${hints.length > 0 ? `\nTry:  ${hints.join('      ')}` : ''}\nCtrl-C ends everything.`);
  return 'announced';
}

/** Asks until there is an answer. Throws CommandError after a minute. */
async function answered<T>(url: string, name: string, ask: () => Promise<T | undefined>): Promise<T> {
  const until = Date.now() + startLimitMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > until) throw new CommandError(`${name} does not answer at ${url} after ${startLimitMs / 1000} s`);
    await sleep(50);
  }
}

function urlOf(daemon: Record<string, unknown>, defaultPort: number): string {
  const listen = (daemon.listen ?? {}) as { host?: string; port?: number };
  const host = listen.host === undefined || listen.host === '0.0.0.0' || listen.host === '::' ? '127.0.0.1' : listen.host;
  return `http://${host.includes(':') ? `[${host}]` : host}:${listen.port ?? defaultPort}`;
}

function settledServers(url: string): Promise<ServerView[]> {
  const until = Date.now() + startLimitMs / 2;
  return answered(url, 'mcp-gateway', async () => {
    const servers = await requestGateway<{ servers: ServerView[] }>(url, '/api/servers').then(
      (body) => body.servers,
      () => undefined,
    );
    const settled = servers?.every(({ state }) => state !== 'starting');
    return settled || Date.now() > until ? servers : undefined;
  });
}
