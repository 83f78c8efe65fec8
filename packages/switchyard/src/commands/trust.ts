/** `switchyard trust`: which tool definitions are trusted, what is quarantined and why, and accepting it. */
import { type Command, CommandError } from '../command.ts';
import { readFlags } from '../flags.ts';
import { gatewayFlags, gatewayUrl, requestGateway } from '../gateway-client.ts';
import { renderTable } from '../table.ts';

interface PinView {
  server: string;
  tool: string;
  state: string;
  listed: boolean;
  hash?: string;
  changedAt?: string;
  definition?: Record<string, unknown>;
  pending?: { hash: string; reason: string; seenAt: string; definition?: Record<string, unknown> };
  findings: { rule: string; path: string; excerpt: string }[];
}

export const command: Command = {
  usage: `trust [list|accept SERVER TOOL] [--all] [--url URL] [--json]

list     shows tools that are quarantined, changed or look suspicious (--all: every tool). Exit code 1 when any is quarantined.
accept   shows what a tool's definition is now and trusts it.`,
  async run(args) {
    const { values, positionals } = readFlags(args, { ...gatewayFlags, all: { type: 'boolean' } } as const);
    const [verb = 'list', ...rest] = positionals;
    const url = gatewayUrl(values.url);
    const { tools } = await requestGateway<{ tools: PinView[] }>(url, '/api/trust');
    if (verb === 'accept') {
      const accepted = await accept(url, tools, rest);
      if (values.json) console.log(JSON.stringify(accepted, null, 2));
      return 0;
    }
    if (verb !== 'list' || rest.length > 0) throw new CommandError('what about trust? list, or accept SERVER TOOL', 64);
    const shown = tools.filter((pin) => values.all || isWorthALook(pin));
    if (values.json) console.log(JSON.stringify(shown, null, 2));
    else console.log(shown.length === 0 ? `${tools.length} tools, all trusted and unchanged` : tableOf(shown));
    return shown.some(({ state, listed }) => state === 'quarantined' && listed) ? 1 : 0;
  },
};

function isWorthALook({ state, listed, changedAt, findings }: PinView): boolean {
  return listed && (state === 'quarantined' || changedAt !== undefined || findings.length > 0);
}

function tableOf(pins: readonly PinView[]): string {
  return renderTable(
    ['SERVER', 'TOOL', 'STATE', 'WHY', 'LOOKS SUSPICIOUS'],
    pins.map(({ server, tool, state, listed, pending, changedAt, findings }) => [
      server,
      tool,
      listed ? state : `${state}, gone`,
      pending?.reason ?? (changedAt === undefined ? '' : `changed ${changedAt.slice(0, 16).replace('T', ' ')}`),
      [...new Set(findings.map(({ rule, path }) => `${rule} (${path})`))].join(', '),
    ]),
  );
}

/** Accepts the very definition that is shown, not one that came in between. */
async function accept(url: string, tools: readonly PinView[], [server, tool, ...extra]: string[]): Promise<unknown> {
  if (server === undefined || tool === undefined || extra.length > 0) throw new CommandError('accept needs SERVER and TOOL', 64);
  const pin = tools.find((each) => each.server === server && each.tool === tool);
  if (!pin)
    throw new CommandError(`server "${server}" has no tool "${tool}"; \`switchyard trust list --all\` shows those there are`);
  const { lockDifferences } = await import('@switchyard/mcp-gateway');
  const lock = (definition: Record<string, unknown> | undefined, sha256: string) => ({
    lockfileVersion: 1 as const,
    servers: { [server]: definition ? { [tool]: { sha256, definition } } : {} },
  });
  const differences = lockDifferences(lock(pin.definition, 'trusted'), lock(pin.pending?.definition, 'pending'));
  const found = pin.findings.map(({ rule, path, excerpt }) => `! ${path}: ${rule}: ${excerpt}`);
  for (const line of pin.pending ? [...differences, ...found] : found) console.error(line);
  const hash = pin.pending?.hash ?? pin.hash;
  const accepted = await requestGateway(url, `/api/trust/${encodeURIComponent(server)}/${encodeURIComponent(tool)}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ accept: true, hash }),
  });
  console.error(`accepted: ${tool} of ${server}, ${hash?.slice(0, 12)}…`);
  return accepted;
}
