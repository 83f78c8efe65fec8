/** What the bridge must know of a message to carry it; the text itself is passed on untouched. Pure. */

/** The part of a message that decides about headers and answers. */
export interface Head {
  /** Ids of the requests in it: one, or several in a batch. */
  ids: (string | number)[];
  method: string | undefined;
  isInitialize: boolean;
  /** Headers of the 2026 era, when the message is of that era: it says its version itself. */
  modern: Record<string, string> | undefined;
  /** The tool that is called, and with what. */
  call: { tool: string; args: unknown } | undefined;
}

const versionKey = 'io.modelcontextprotocol/protocolVersion';

interface Message {
  id?: string | number | null;
  method?: string;
  params?: { name?: unknown; arguments?: unknown; uri?: unknown; taskId?: unknown; _meta?: Record<string, unknown> };
}

/** Reads a text. Undefined for what is no JSON-RPC message. */
export function headOf(text: string): Head | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const messages = (Array.isArray(value) ? value : [value]) as Message[];
  if (messages.length === 0 || messages.some((each) => typeof each !== 'object' || each === null)) return undefined;
  const requests = messages.filter(({ id, method }) => id !== undefined && id !== null && method !== undefined);
  const [first] = messages as [Message];
  return {
    ids: requests.map(({ id }) => id as string | number),
    method: first.method,
    isInitialize: requests.some(({ method }) => method === 'initialize'),
    modern: modernHeaders(first),
    call:
      first.method === 'tools/call' && typeof first.params?.name === 'string'
        ? { tool: first.params.name, args: first.params.arguments }
        : undefined,
  };
}

/** Headers that mirror the body (2026-07-28, Streamable HTTP): version, method, and what the method is about. */
function modernHeaders({ method, params }: Message): Record<string, string> | undefined {
  const version = params?._meta?.[versionKey];
  if (typeof version !== 'string' || method === undefined) return undefined;
  const subject = [params?.name, params?.uri, params?.taskId].find((each) => typeof each === 'string') as string | undefined;
  return {
    'mcp-protocol-version': version,
    'mcp-method': headerText(method),
    ...(subject !== undefined && { 'mcp-name': headerText(subject) }),
  };
}

/** A text as headers may hold it. */
export function headerText(text: string): string {
  const isSafe = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text) && !text.startsWith('=?base64?');
  return isSafe ? text : `=?base64?${Buffer.from(text).toString('base64')}?=`;
}

/** The version that both sides agreed on, in an answer to `initialize`. */
export function negotiatedVersion(text: string): string | undefined {
  try {
    const { result } = JSON.parse(text) as { result?: { protocolVersion?: unknown } };
    return typeof result?.protocolVersion === 'string' ? result.protocolVersion : undefined;
  } catch {
    return undefined;
  }
}

/** Ids that a message answers. */
export function answeredIds(text: string): (string | number)[] {
  try {
    const value = JSON.parse(text) as Message | Message[];
    return [value].flat().flatMap(({ id, method }) => (method === undefined && id !== undefined && id !== null ? [id] : []));
  } catch {
    return [];
  }
}

/** An error for the client. -32000: the server could not be reached; -32700: what came was no JSON. */
export function errorAnswer(id: string | number | null, code: number, message: string): string {
  return JSON.stringify({ jsonrpc: '2.0', id, error: { code, message } });
}
