/** What can be made to go wrong, where it is asked for (a script, or the name of the model), and the queue of the script. */
import type { JsonObject } from '@switchyard/dialects';
import type { HeaderSet } from './header-sets.ts';
import { headerSets } from './header-sets.ts';

/** Faults may be combined. Counts of events begin at 0: `killAtEvent: 3` sends three events. */
export interface Fault {
  /** Answer with this status and the provider's own form of an error. */
  status?: number;
  /** Answer with this row of `errorShapes`. */
  shape?: string;
  /** Sent instead of the body that `status` would have. */
  body?: JsonObject | string;
  /** More headers; `retry-after: date+30` becomes an HTTP date. */
  headers?: Record<string, string>;
  headerSet?: HeaderSet;
  /** Status 200, and an error in the body. */
  errorInside?: boolean;
  /** The stream's event with this number says that it failed; the stream ends there. */
  errorAtEvent?: number;
  /** The socket is destroyed before the event with this number. */
  killAtEvent?: number;
  /** The socket is destroyed after this many bytes of the body. */
  killAtByte?: number;
  /** The stream ends cleanly before the event with this number; -1 leaves out the last one only. */
  endAtEvent?: number;
  /** Nothing is sent, headers neither, for this long. */
  firstByteDelayMs?: number;
  /** Nothing more is sent before this event, and the connection stays open. */
  stallAtEvent?: number;
  /** Waits before each event. */
  gapMs?: number;
  /** The body is written in pieces of this many bytes. */
  pieceBytes?: number;
  /** A whole body, or the event with this number, is cut in its middle. */
  malformed?: true | number;
  /** Status 200 and no body. */
  isEmpty?: boolean;
  gzip?: boolean;
  /** Comment lines (Ollama: blank lines) before each event. */
  comments?: boolean;
  usage?: 'odd' | 'missing';
}

/** What the request shows to a matcher. */
export interface Matched {
  path: string;
  model: string;
  headers: Record<string, string>;
  body: JsonObject | undefined;
}

export interface ScriptLine {
  fault: Fault;
  /** Default: any request for an answer (lists of models are left alone). */
  match?: (request: Matched) => boolean;
  /** How many requests it meets. Default 1. */
  times?: number;
}

/** Lines wait in order; a request takes the first that matches it. */
export class Script {
  readonly #lines: { fault: Fault; match: ((request: Matched) => boolean) | undefined; left: number }[] = [];

  add(...lines: (Fault | ScriptLine)[]): void {
    for (const line of lines) {
      if ('fault' in line) this.#lines.push({ fault: line.fault, match: line.match, left: line.times ?? 1 });
      else this.#lines.push({ fault: line, match: undefined, left: 1 });
    }
  }

  clear(): void {
    this.#lines.length = 0;
  }

  take(request: Matched): Fault | undefined {
    const at = this.#lines.findIndex((line) => line.match?.(request) ?? !request.path.endsWith('/models'));
    const line = this.#lines[at];
    if (line === undefined) return undefined;
    line.left -= 1;
    if (line.left <= 0) this.#lines.splice(at, 1);
    return line.fault;
  }
}

const numbered: Readonly<Record<string, keyof Fault>> = {
  status: 'status',
  'error-at': 'errorAtEvent',
  'kill-at': 'killAtEvent',
  'kill-at-byte': 'killAtByte',
  'end-at': 'endAtEvent',
  slow: 'firstByteDelayMs',
  'stall-at': 'stallAtEvent',
  gap: 'gapMs',
  pieces: 'pieceBytes',
  'malformed-at': 'malformed',
};
const plain: Readonly<Record<string, Fault>> = {
  'no-end': { endAtEvent: -1 },
  'error-inside': { errorInside: true },
  malformed: { malformed: true },
  empty: { isEmpty: true },
  gzip: { gzip: true },
  comments: { comments: true },
  'usage-odd': { usage: 'odd' },
  'usage-missing': { usage: 'missing' },
};

/**
 * The faults in a model's name: all behind the last slash, joined by `+`: `chaos/kill-at-3`, `x/slow-200+pieces-1`,
 * `x/status-429+after-5`, `x/shape-venice-rate`, `x/headers-venice`. A name that means none is a name.
 */
export function faultOfModel(model: string): Fault | undefined {
  const at = model.lastIndexOf('/');
  if (at === -1) return undefined;
  let fault: Fault | undefined;
  for (const word of model.slice(at + 1).split('+')) {
    const one = faultOfWord(word);
    if (one !== undefined) fault = { ...fault, ...one, headers: { ...fault?.headers, ...one.headers } };
  }
  return fault;
}

function faultOfWord(word: string): Fault | undefined {
  const known = plain[word];
  if (known !== undefined) return known;
  if (word.startsWith('shape-')) return { shape: word.slice(6) };
  if (word.startsWith('headers-') && word.slice(8) in headerSets) return { headerSet: word.slice(8) as HeaderSet };
  if (word.startsWith('after-')) return { headers: { 'retry-after': word.slice(6) } };
  const found = /^([a-z-]+)-(\d+)$/.exec(word);
  const key = found === null ? undefined : numbered[found[1] as string];
  return key === undefined ? undefined : { [key]: Number(found?.[2]) };
}
