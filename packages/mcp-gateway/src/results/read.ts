/** The tool `result_read` and the resource `result://…`: how a shortened result is read, in pieces or whole. */
import { Worker } from 'node:worker_threads';
import { type Caller, type CallResult, completeResult, type ToolClass } from '../call/call.ts';
import { errorCodes, type JsonObject, RpcError } from '../jsonrpc/message.ts';
import { characterStart, resultUri } from './shorten.ts';
import type { ResultStore } from './store.ts';

const defaultLengthBytes = 16 * 1024;
const maxLengthBytes = 40 * 1024;
const grepTimeoutMs = 2000;

/** Definition of the tool, as it is listed. */
export const resultReadTool = {
  name: 'result_read',
  title: 'Read a long result',
  description:
    'Reads a piece of a tool result that was too long to be shown whole. Give the id from the notice in that result, and either a byte range (offset, length) or words to look for (grep).',
  inputSchema: {
    type: 'object',
    properties: {
      id: {
        type: 'string',
        pattern: '^(result://)?[0-9a-f]{64}$',
        description: 'Id or result:// URI named in the shortened result.',
      },
      offset: { type: 'integer', minimum: 0, description: 'First byte to read. Default 0.' },
      length: {
        type: 'integer',
        minimum: 1,
        maximum: maxLengthBytes,
        description: `Number of bytes. Default ${defaultLengthBytes}.`,
      },
      grep: {
        type: 'string',
        minLength: 1,
        description: 'Shows only lines that hold this text, with their line numbers and byte offsets.',
      },
      regex: { type: 'boolean', description: 'Takes grep for a regular expression (JavaScript).' },
      ignoreCase: { type: 'boolean', description: 'Ignores case in grep.' },
    },
    required: ['id'],
    additionalProperties: false,
  },
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
};

export interface ResultReaderOptions {
  store: ResultStore;
  toolClass(server: string, tool: string): ToolClass;
}

export class ResultReader {
  readonly #options: ResultReaderOptions;

  constructor(options: ResultReaderOptions) {
    this.#options = options;
  }

  /** Performs `result_read`. A wrong argument or an unknown id is a tool error, so that the model can mend it. */
  async callTool(args: JsonObject, caller: Caller): Promise<CallResult> {
    try {
      const bytes = Buffer.from(await this.#text(idOf(args.id), caller), 'utf8');
      const text = typeof args.grep === 'string' ? await grep(bytes.toString('utf8'), args) : range(bytes, args);
      return completeResult({ content: [{ type: 'text', text }] });
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      return completeResult({ content: [{ type: 'text', text: error.message }], isError: true });
    }
  }

  /** Reads `result://…` whole. Throws RpcError -32602 when it is gone or another caller's. */
  async readResource(uri: string, caller: Caller): Promise<CallResult> {
    const text = await this.#text(idOf(uri), caller);
    return completeResult({ contents: [{ uri, mimeType: 'text/plain', text }] });
  }

  async #text(id: string, caller: Caller): Promise<string> {
    const { store, toolClass } = this.#options;
    const origins = await store.origins(id);
    const allowed = origins?.some(
      ({ caller: owner, server, tool }) =>
        owner === caller.id &&
        caller.rights.allowsServer(server) &&
        caller.rights.allowsTool(server, tool, toolClass(server, tool)),
    );
    const text = allowed ? await store.text(id) : undefined;
    // Somebody else's is answered like one that does not exist.
    if (text === undefined)
      throw new RpcError(errorCodes.invalidParams, `there is no result ${resultUri(id)} (any more); call the tool again`, {
        data: { uri: resultUri(id) },
      });
    return text;
  }
}

export function isResultUri(uri: unknown): uri is string {
  return typeof uri === 'string' && uri.startsWith('result://');
}

function idOf(value: unknown): string {
  const id = /^(?:result:\/\/)?([0-9a-f]{64})$/.exec(String(value))?.[1];
  if (id === undefined)
    throw new RpcError(errorCodes.invalidParams, '"id" must be the id or result:// URI named in a shortened result');
  return id;
}

function wholeNumber(value: unknown, name: string, fallback: number): number {
  if (value === undefined) return fallback;
  if (!Number.isSafeInteger(value) || (value as number) < 0)
    throw new RpcError(errorCodes.invalidParams, `"${name}" must be a whole number, not negative`);
  return value as number;
}

function range(bytes: Buffer, args: JsonObject): string {
  const offset = characterStart(bytes, wholeNumber(args.offset, 'offset', 0));
  const length = Math.min(wholeNumber(args.length, 'length', defaultLengthBytes), maxLengthBytes);
  const end = Math.min(bytes.length, Math.max(offset + 1, characterStart(bytes, offset + length)));
  const rest = bytes.length - end;
  const notice =
    rest > 0
      ? `\n[bytes ${offset}–${end} of ${bytes.length}; go on with "offset": ${end}]`
      : `\n[bytes ${offset}–${end} of ${bytes.length}; this is the end]`;
  return bytes.toString('utf8', offset, end) + notice;
}

/** Runs in a thread of its own: an expression that takes for ever must not hold up the gateway. */
const grepSource = `
const { parentPort, workerData: { text, pattern, flags, maxBytes } } = require('node:worker_threads');
const expression = new RegExp(pattern, flags);
const found = [];
let size = 0, line = 0, offset = 0, more = 0;
for (const content of text.split('\\n')) {
  line += 1;
  if (expression.test(content)) {
    const shown = line + ' @' + offset + ': ' + (content.length > 2000 ? content.slice(0, 2000) + ' …' : content);
    size += Buffer.byteLength(shown) + 1;
    if (size <= maxBytes) found.push(shown);
    else more += 1;
  }
  offset += Buffer.byteLength(content) + 1;
}
parentPort.postMessage({ found, more });
`;

async function grep(text: string, args: JsonObject): Promise<string> {
  const wanted = args.grep as string;
  const pattern = args.regex === true ? wanted : wanted.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
  const flags = args.ignoreCase === true ? 'iu' : 'u';
  try {
    new RegExp(pattern, flags);
  } catch (error) {
    throw new RpcError(errorCodes.invalidParams, `"grep" is not a regular expression: ${(error as Error).message}`);
  }
  const worker = new Worker(grepSource, { eval: true, workerData: { text, pattern, flags, maxBytes: maxLengthBytes }, env: {} });
  const timer = setTimeout(() => void worker.terminate(), grepTimeoutMs);
  try {
    const { found, more } = await new Promise<{ found: string[]; more: number }>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', () =>
        reject(new RpcError(errorCodes.invalidParams, `the expression took longer than ${grepTimeoutMs} ms; make it simpler`)),
      );
    });
    if (found.length === 0) return 'no line matches';
    return `line @offset: content\n${found.join('\n')}${more > 0 ? `\n[${more} more lines match; narrow the search]` : ''}`;
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}
