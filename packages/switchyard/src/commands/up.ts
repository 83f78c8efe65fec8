/** `switchyard up`: the whole suite in the foreground, on embedded defaults or a config file. Ctrl-C ends everything. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type ChildDaemon, startDaemon } from '../child-daemon.ts';
import { type Command, CommandError } from '../command.ts';
import { readFlags } from '../flags.ts';
import { requestGateway } from '../gateway-client.ts';
import { placesOf } from '../places.ts';
import { defaultSuite, readSuite, type Suite } from '../suite.ts';
import { type ServerView, serversTable } from './servers.ts';

const startLimitMs = 60_000;

export const command: Command = {
  usage: `up [--config FILE] [--verbose]

Without --config: a gateway on 127.0.0.1:8085 with the servers filesystem, memory and everything.
FILE holds {"mcp-gateway": {…}}, or is any client's mcpServers file. --verbose shows the daemons' logs.`,
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

/** Waits until the servers have settled, shows them, and says how to go on. */
async function announce(suite: Suite, children: readonly ChildDaemon[]): Promise<'announced' | never> {
  const gateway = suite['mcp-gateway'];
  if (gateway) {
    const url = urlOf(gateway);
    process.stderr.write(`Starting mcp-gateway at ${url} …\n`);
    const servers = await settledServers(url);
    console.log(`\n${serversTable(servers)}\n`);
    const rows: [string, string][] = [
      ['MCP, all servers', `${url}/mcp`],
      ...servers.map(({ name }): [string, string] => [`MCP, ${name}`, `${url}/mcp/${name}`]),
      ['REST', `${url}/api/servers`],
      ['OpenAPI of the tools', `${url}/api/openapi.json`],
      ['Health', `${url}/health/ready`],
      ['Metrics', `${url}/metrics`],
      ...children.map(({ name, logFile }): [string, string] => [`Log of ${name}`, logFile]),
    ];
    const width = Math.max(...rows.map(([title]) => title.length));
    for (const [title, where] of rows) console.log(`  ${title.padEnd(width)}  ${where}`);
    console.log(
      '\nTry:  npx switchyard tools      npx switchyard call everything echo \'{"message": "hello"}\'\nCtrl-C ends everything.',
    );
  }
  return 'announced';
}

function urlOf(gateway: Record<string, unknown>): string {
  const listen = (gateway.listen ?? {}) as { host?: string; port?: number };
  const host = listen.host === undefined || listen.host === '0.0.0.0' || listen.host === '::' ? '127.0.0.1' : listen.host;
  return `http://${host.includes(':') ? `[${host}]` : host}:${listen.port ?? 8085}`;
}

async function settledServers(url: string): Promise<ServerView[]> {
  const until = Date.now() + startLimitMs;
  for (;;) {
    const servers = await requestGateway<{ servers: ServerView[] }>(url, '/api/servers').then(
      (body) => body.servers,
      () => undefined,
    );
    const settled = servers?.every(({ state }) => state !== 'starting');
    if (servers && (settled || Date.now() > until)) return servers;
    if (Date.now() > until) throw new CommandError(`the gateway does not answer at ${url} after ${startLimitMs / 1000} s`);
    await sleep(100);
  }
}
