/**
 * Server-Sent Events, both directions, without I/O: a parser fed with text in any split and a writer of one event.
 * Source: WHATWG HTML, "Server-sent events" (event stream interpretation): CR, LF and CRLF end a line, a leading BOM is
 * dropped, lines starting with a colon are comments, several `data` lines are joined with a newline.
 */

/** One event as the stream carried it. `id` and `retryMs` are present only when the event itself named them. */
export interface SseEvent {
  /** Event name; `message` when the stream named none. */
  event: string;
  data: string;
  id?: string;
  retryMs?: number;
}

/** Raised when one event grows past the limit; the stream cannot be trusted after it. */
export class SseTooLargeError extends Error {
  constructor(limitChars: number) {
    super(`a server-sent event is larger than ${limitChars} characters`);
    this.name = 'SseTooLargeError';
  }
}

export interface SseParserOptions {
  /** Called for each complete event that carried data. */
  onEvent(event: SseEvent): void;
  /** Called for each comment line, without its colon. Keep-alives come this way. */
  onComment?(text: string): void;
  /** Longest event in characters (UTF-16 units); beyond it `feed` throws SseTooLargeError. Default 64 Mi. */
  limitChars?: number;
}

/**
 * Parses an event stream given in pieces of any size, even one character at a time.
 * `feed` takes decoded text (decode bytes with a streaming UTF-8 decoder first). An unfinished event at the end of the
 * stream is dropped, as the standard demands.
 */
export class SseParser {
  readonly #options: SseParserOptions;
  readonly #limitChars: number;
  /** The unfinished line. */
  #line = '';
  /** A CR ended the last piece: an LF that opens the next one belongs to it. */
  #afterCarriageReturn = false;
  #atStart = true;
  #data: string[] = [];
  #dataChars = 0;
  #event = '';
  #id: string | undefined;
  #retryMs: number | undefined;

  constructor(options: SseParserOptions) {
    this.#options = options;
    this.#limitChars = options.limitChars ?? 64 * 1024 * 1024;
  }

  feed(text: string): void {
    let start = 0;
    if (this.#atStart && text.length > 0) {
      if (text.charCodeAt(0) === 0xfeff) start = 1;
      this.#atStart = false;
    }
    if (this.#afterCarriageReturn && text.length > start) {
      if (text.charCodeAt(start) === 0x0a) start += 1;
      this.#afterCarriageReturn = false;
    }
    let nextCarriageReturn = text.indexOf('\r', start);
    let nextLineFeed = text.indexOf('\n', start);
    while (nextCarriageReturn !== -1 || nextLineFeed !== -1) {
      const isCarriageReturn = nextCarriageReturn !== -1 && (nextLineFeed === -1 || nextCarriageReturn < nextLineFeed);
      const end = isCarriageReturn ? nextCarriageReturn : nextLineFeed;
      this.#endLine(this.#line + text.slice(start, end));
      this.#line = '';
      start = end + 1;
      if (isCarriageReturn) {
        if (start === text.length) this.#afterCarriageReturn = true;
        else if (text.charCodeAt(start) === 0x0a) start += 1;
        nextCarriageReturn = text.indexOf('\r', start);
      }
      if (nextLineFeed !== -1 && nextLineFeed < start) nextLineFeed = text.indexOf('\n', start);
    }
    if (start < text.length) {
      this.#line += text.slice(start);
      this.#checkSize(this.#line.length);
    }
  }

  #checkSize(lineChars: number): void {
    if (this.#dataChars + lineChars > this.#limitChars) throw new SseTooLargeError(this.#limitChars);
  }

  #endLine(line: string): void {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    if (colon === 0) return this.#options.onComment?.(line.slice(1));
    const field = colon === -1 ? line : line.slice(0, colon);
    const valueStart = colon === -1 ? line.length : line.charCodeAt(colon + 1) === 0x20 ? colon + 2 : colon + 1;
    const value = line.slice(valueStart);
    if (field === 'data') {
      this.#checkSize(value.length);
      this.#data.push(value);
      this.#dataChars += value.length + 1;
    } else if (field === 'event') this.#event = value;
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
    else if (field === 'retry' && /^\d+$/.test(value)) this.#retryMs = Number(value);
  }

  #dispatch(): void {
    if (this.#data.length > 0) {
      this.#options.onEvent({
        event: this.#event === '' ? 'message' : this.#event,
        data: this.#data.length === 1 ? (this.#data[0] as string) : this.#data.join('\n'),
        ...(this.#id !== undefined && { id: this.#id }),
        ...(this.#retryMs !== undefined && { retryMs: this.#retryMs }),
      });
      this.#data = [];
    }
    this.#dataChars = 0;
    this.#event = '';
    this.#id = undefined;
    this.#retryMs = undefined;
  }
}

/** Renders one event. Newlines inside `data` become several data lines, so that the reader gets them back. */
export function formatSseEvent(event: { event?: string; data: string; id?: string; retryMs?: number }): string {
  let text = '';
  if (event.event !== undefined && event.event !== 'message') text += `event: ${event.event}\n`;
  if (event.id !== undefined) text += `id: ${event.id}\n`;
  if (event.retryMs !== undefined) text += `retry: ${event.retryMs}\n`;
  const data = event.data;
  if (data.includes('\n') || data.includes('\r')) {
    for (const line of data.split(/\r\n|\r|\n/)) text += `data: ${line}\n`;
  } else text += `data: ${data}\n`;
  return `${text}\n`;
}

/** Renders a comment line: what keeps an idle stream open through proxies. */
export function formatSseComment(text = ''): string {
  return `:${text}\n\n`;
}
