/** Answers on a connection (RFC 9112), read piece by piece as they come: heads, bodies by length, by chunks or until the end. */
import { ChunkedError, ChunkedReader } from './chunked.ts';
import { type Fields, lowerCaseOf, valueBetween } from './fields.ts';

/** What came is no HTTP/1.1 answer; `code` is undici's for the same. */
export class AnswerSyntaxError extends Error {
  override name = 'AnswerSyntaxError';
  readonly code: 'UND_ERR_HEADERS_OVERFLOW' | 'MALFORMED_ANSWER';
  constructor(code: AnswerSyntaxError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

export interface AnswerHandlers {
  /** The head of the answer itself; those of informational ones are not told. */
  onHead(status: number, fields: Fields): void;
  /** Part of the body: `bytes` from `from` to `to`, which belong to the parser's caller. False stops reading. */
  onBody(bytes: Buffer, from: number, to: number): boolean;
}

const longestHead = 16 * 1024;
const cr = 0x0d;
const lf = 0x0a;
const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?\r\n/;
const usualStatusLine = 'HTTP/1.1 200 OK\r\n';
/** From where the status line ends. */
const fieldSection = /(?:[!#$%&'*+\-.^_`|~\w]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n$/y;

/** Where it stands: before the body, within one that ends in one of three ways, or behind it. */
type State = 'head' | 'length' | 'chunked' | 'until-end' | 'done';

/** Reads one answer. */
export class AnswerParser {
  readonly #handlers: AnswerHandlers;
  readonly #isHead: boolean;
  /** A head whose end has not come. */
  #early: Buffer | undefined;
  #state: State = 'head';
  #left = 0;
  #chunks: ChunkedReader | undefined;
  #keepAlive = true;
  #idleMs: number | undefined;

  /** `method`: of the request; an answer to HEAD has no body. */
  constructor(method: string, handlers: AnswerHandlers) {
    this.#handlers = handlers;
    this.#isHead = method === 'HEAD';
  }

  /** The answer is whole. */
  get done(): boolean {
    return this.#state === 'done';
  }

  /** Whether the end of the connection is the end of the answer. */
  get endsWithConnection(): boolean {
    return this.#state === 'until-end';
  }

  /** Whether the upstream means to keep the connection. */
  get keepAlive(): boolean {
    return this.#keepAlive;
  }

  /** How long the upstream says that it keeps the connection without work. */
  get idleMs(): number | undefined {
    return this.#idleMs;
  }

  /** Takes what came. Returns how much of it belongs to the answer. Throws AnswerSyntaxError. */
  read(bytes: Buffer): number {
    let all = bytes;
    let before = 0;
    if (this.#early) {
      before = this.#early.length;
      all = Buffer.concat([this.#early, bytes]);
      this.#early = undefined;
    }
    let at = 0;
    while (this.#state === 'head') {
      const end = all.indexOf('\r\n\r\n', at);
      if ((end === -1 ? all.length : end) - at > longestHead)
        throw new AnswerSyntaxError('UND_ERR_HEADERS_OVERFLOW', "the answer's headers are too large");
      if (end === -1) {
        this.#early = Buffer.from(all.subarray(at));
        expectHead(this.#early);
        return bytes.length;
      }
      this.#takeHead(all.toString('latin1', at, end + 4));
      at = end + 4;
    }
    return this.#readBody(all, at) - before;
  }

  #readBody(bytes: Buffer, start: number): number {
    const { onBody } = this.#handlers;
    switch (this.#state) {
      case 'length': {
        const to = Math.min(bytes.length, start + this.#left);
        if (to === start) return start;
        this.#left -= to - start;
        if (this.#left === 0) this.#state = 'done';
        onBody(bytes, start, to);
        return to;
      }
      case 'chunked':
        try {
          const chunks = this.#chunks as ChunkedReader;
          const at = chunks.read(bytes, start, bytes.length, (from, to) => onBody(bytes, from, to));
          if (chunks.done) this.#state = 'done';
          return at;
        } catch (error) {
          if (!(error instanceof ChunkedError)) throw error;
          throw malformed(error.message);
        }
      case 'until-end':
        if (start < bytes.length) onBody(bytes, start, bytes.length);
        return bytes.length;
      default:
        return start;
    }
  }

  #takeHead(text: string): void {
    const fieldsAt = text.startsWith(usualStatusLine) ? usualStatusLine.length : statusLineBytes(text);
    fieldSection.lastIndex = fieldsAt;
    if (!fieldSection.test(text)) throw malformed('a header is not one');
    const status = Number(text.slice(9, 12));
    const fields = fieldsOf(text, fieldsAt);
    if (status < 200) {
      if (status === 101) throw malformed('it changes the protocol, which nobody asked for');
      return;
    }
    this.#keepAlive = keepsAlive(text[7] === '1', fields.connection);
    const keepAlive = fields['keep-alive'];
    const seconds = keepAlive === undefined ? undefined : /\btimeout=(\d{1,6})\b/i.exec(String(keepAlive))?.[1];
    if (seconds !== undefined) this.#idleMs = Number(seconds) * 1000;
    this.#state = this.#framing(status, fields);
    this.#handlers.onHead(status, fields);
  }

  /** How the body ends (RFC 9112 §6.3). */
  #framing(status: number, { 'transfer-encoding': coding, 'content-length': length }: Fields): State {
    if (this.#isHead || status === 204 || status === 304) return 'done';
    if (coding !== undefined) {
      if (length !== undefined) throw malformed('it has both a length and chunks');
      if (String(coding).trim().toLowerCase() !== 'chunked')
        throw malformed(`its transfer coding ${String(coding)} is not known`);
      this.#chunks = new ChunkedReader();
      return 'chunked';
    }
    if (length === undefined) {
      this.#keepAlive = false;
      return 'until-end';
    }
    const first = Array.isArray(length) ? length[0] : length;
    if (first === undefined || !/^\d{1,15}$/.test(first) || (Array.isArray(length) && length.some((one) => one !== first)))
      throw malformed('its Content-Length is not a number');
    this.#left = Number(first);
    return this.#left === 0 ? 'done' : 'length';
  }
}

/** Throws AnswerSyntaxError when it is none. */
function statusLineBytes(text: string): number {
  const line = statusLine.exec(text);
  if (!line) throw malformed('it does not begin with a status line');
  return line[0].length;
}

/** Refuses at once what no rest can make a head: whoever sent it may wait for us. Throws AnswerSyntaxError. */
function expectHead(early: Buffer): void {
  if (!'HTTP/1.'.startsWith(early.toString('latin1', 0, 7))) throw malformed('it does not begin with a status line');
  for (let at = early.indexOf(lf); at !== -1; at = early.indexOf(lf, at + 1))
    if (early[at - 1] !== cr) throw malformed('a line of its head does not end in CR LF');
}

function fieldsOf(text: string, start: number): Fields {
  const fields: Fields = Object.create(null);
  const end = text.length - 2;
  let at = start;
  while (at < end) {
    const colon = text.indexOf(':', at);
    const lineEnd = text.indexOf('\r\n', colon);
    const name = lowerCaseOf(text.slice(at, colon));
    const value = valueBetween(text, colon + 1, lineEnd);
    const before = fields[name];
    if (before === undefined) fields[name] = value;
    else if (typeof before === 'string') fields[name] = [before, value];
    else before.push(value);
    at = lineEnd + 2;
  }
  return fields;
}

function keepsAlive(isOneOne: boolean, connection: string | string[] | undefined): boolean {
  if (connection === undefined) return isOneOne;
  const words = String(connection)
    .toLowerCase()
    .split(',')
    .map((word) => word.trim());
  if (words.includes('close')) return false;
  return isOneOne || words.includes('keep-alive');
}

function malformed(what: string): AnswerSyntaxError {
  return new AnswerSyntaxError('MALFORMED_ANSWER', `the upstream's answer is not HTTP/1.1: ${what}`);
}
