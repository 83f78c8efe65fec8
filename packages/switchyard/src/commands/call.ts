/** `switchyard call SERVER TOOL [JSON]`: calls a tool and prints what came back; exit code 1 when the tool says it failed. */
import { type Command, CommandError } from '../command.ts';
import { readFlags } from '../flags.ts';
import { gatewayFlags, gatewayUrl, requestGateway } from '../gateway-client.ts';

interface ToolResult {
  content?: { type: string; text?: string; mimeType?: string; data?: string; uri?: string }[];
  isError?: boolean;
}

export const command: Command = {
  usage: `call SERVER TOOL [JSON] [--url URL] [--json]

JSON is the object of arguments; "-" reads it from standard input. --json prints the whole result.`,
  async run(args) {
    const { values, positionals } = readFlags(args, gatewayFlags);
    const [server, tool, given = '{}', ...extra] = positionals;
    if (server === undefined || tool === undefined || extra.length > 0)
      throw new CommandError('needs SERVER, TOOL and at most one JSON object', 64);
    const body = given === '-' ? await readStdin() : given;
    checkObject(body);
    const path = `/api/tools/${encodeURIComponent(server)}/${encodeURIComponent(tool)}`;
    const result = await requestGateway<ToolResult>(gatewayUrl(values.url), path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    console.log(values.json ? JSON.stringify(result, null, 2) : readable(result));
    return result.isError ? 1 : 0;
  },
};

function checkObject(text: string): void {
  try {
    const value: unknown = JSON.parse(text);
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return;
  } catch (error) {
    throw new CommandError(`the arguments are not JSON: ${(error as Error).message}`, 64);
  }
  throw new CommandError('the arguments must be a JSON object, such as {"path": "/tmp"}', 64);
}

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** The text of a result; what is not text is named. */
function readable({ content = [] }: ToolResult): string {
  return content
    .map(
      (block) => block.text ?? `[${block.type}${block.mimeType ? ` ${block.mimeType}` : ''}${block.uri ? ` ${block.uri}` : ''}]`,
    )
    .join('\n');
}
