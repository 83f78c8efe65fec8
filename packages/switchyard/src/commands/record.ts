/** `switchyard record SERVER`: turns the gateway's activity into a tape that plays offline. */
import { writeFileSync } from 'node:fs';
import { type Command, CommandError } from '../command.ts';
import { readFlags } from '../flags.ts';
import { gatewayFlags, gatewayUrl, requestGateway } from '../gateway-client.ts';
import type { Tape, TapeCall } from '../tape.ts';

interface ActivityRow {
  outcome: string;
  name: string;
  method: string;
  arguments?: string;
  resultPreview?: string;
}

interface ActivityPage {
  activity: ActivityRow[];
  cursor?: number;
}

export const command: Command = {
  usage: `record SERVER [--since TIME] [--output FILE] [--url URL]

Writes the server's tools and the calls the gateway recorded of them; \`switchyard replay FILE\` plays them. The gateway keeps
whole texts only with "activity": {"arguments": "full"}; other calls cannot be played and are left out.`,
  async run(args) {
    const { values, positionals } = readFlags(args, {
      ...gatewayFlags,
      since: { type: 'string' },
      output: { type: 'string' },
    } as const);
    const [server, ...extra] = positionals;
    if (server === undefined || extra.length > 0) throw new CommandError('which server? `switchyard servers` lists them', 64);
    const url = gatewayUrl(values.url);
    const { tools } = await requestGateway<{ tools: Record<string, unknown>[] }>(
      url,
      `/api/tools?server=${encodeURIComponent(server)}`,
    );
    const { calls, left } = await recordedCalls(url, server, values.since);
    const tape: Tape = {
      version: 1,
      server,
      recordedAt: new Date().toISOString(),
      tools: tools.map(({ server: _server, publicName: _name, ...tool }) => tool),
      calls,
    };
    const text = `${JSON.stringify(tape, null, 2)}\n`;
    if (values.output === undefined) process.stdout.write(text);
    else writeFileSync(values.output, text, { mode: 0o600 });
    console.error(
      `${tape.tools.length} tools, ${calls.length} calls${left > 0 ? `; ${left} calls are not kept whole (set activity.arguments to "full")` : ''}`,
    );
    return calls.length === 0 ? 1 : 0;
  },
};

/** All calls that ended with a result, oldest first, and how many could not be taken. */
async function recordedCalls(
  url: string,
  server: string,
  since: string | undefined,
): Promise<{ calls: TapeCall[]; left: number }> {
  const calls: TapeCall[] = [];
  let left = 0;
  for (let cursor: number | undefined; ; ) {
    const query = new URLSearchParams({
      server,
      limit: '1000',
      ...(since !== undefined && { since }),
      ...(cursor !== undefined && { cursor: String(cursor) }),
    });
    const page = await requestGateway<ActivityPage>(url, `/api/activity?${query}`);
    for (const row of page.activity) {
      if (row.method !== 'tools/call' || (row.outcome !== 'ok' && row.outcome !== 'tool_error')) continue;
      const call = toCall(row);
      if (call) calls.push(call);
      else left += 1;
    }
    cursor = page.cursor;
    if (cursor === undefined) return { calls: calls.reverse(), left };
  }
}

function toCall(row: ActivityRow): TapeCall | undefined {
  try {
    const params = JSON.parse(row.arguments ?? '') as { arguments?: Record<string, unknown> };
    return {
      tool: row.name,
      arguments: params.arguments ?? {},
      result: JSON.parse(row.resultPreview ?? '') as Record<string, unknown>,
    };
  } catch {
    return undefined;
  }
}
