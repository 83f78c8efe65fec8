/**
 * A tape: the tools of a server and calls that were made of them with what came back, as `switchyard record` writes it and
 * `switchyard replay` plays it. Pure.
 */

/** One call as it was recorded. */
export interface TapeCall {
  tool: string;
  arguments: Record<string, unknown>;
  /** The result object of `tools/call`. */
  result: Record<string, unknown>;
}

export interface Tape {
  version: 1;
  server: string;
  /** ISO 8601. */
  recordedAt: string;
  /** Tool definitions as the server gave them. */
  tools: Record<string, unknown>[];
  /** Oldest first. */
  calls: TapeCall[];
}

/** Raised for a file that is no tape; the message says what is missing. */
export class TapeError extends Error {}

/** Takes parsed JSON for a tape. Throws TapeError. */
export function toTape(value: unknown): Tape {
  const tape = value as Partial<Tape> | null;
  if (tape === null || typeof tape !== 'object' || tape.version !== 1) throw new TapeError('it is not a tape of version 1');
  if (!Array.isArray(tape.tools) || !Array.isArray(tape.calls)) throw new TapeError('"tools" and "calls" must be arrays');
  for (const [index, call] of tape.calls.entries()) {
    if (typeof call?.tool !== 'string' || typeof call.result !== 'object')
      throw new TapeError(`calls[${index}] needs "tool" and "result"`);
  }
  return tape as Tape;
}

/** Plays a tape: equal arguments get the recorded results in their order, the last one again and again. */
export class Player {
  readonly #recorded = new Map<string, TapeCall[]>();
  readonly #tape: Tape;

  constructor(tape: Tape) {
    this.#tape = tape;
    for (const call of tape.calls) {
      const key = keyOf(call.tool, call.arguments);
      this.#recorded.set(key, [...(this.#recorded.get(key) ?? []), call]);
    }
  }

  /** The result for a call, or a tool error that says which arguments were recorded. */
  play(tool: string, args: Record<string, unknown>): Record<string, unknown> {
    const waiting = this.#recorded.get(keyOf(tool, args));
    const call = waiting && waiting.length > 1 ? waiting.shift() : waiting?.[0];
    if (call) return call.result;
    const known = [...new Set(this.#tape.calls.filter((one) => one.tool === tool).map((one) => JSON.stringify(one.arguments)))];
    const text =
      known.length === 0
        ? `no call of "${tool}" is on this tape`
        : `no call of "${tool}" with these arguments is on this tape; there are: ${known.slice(0, 5).join(', ')}${known.length > 5 ? `, and ${known.length - 5} more` : ''}`;
    return { content: [{ type: 'text', text }], isError: true };
  }
}

function keyOf(tool: string, args: unknown): string {
  return `${tool}\n${sorted(args ?? {})}`;
}

/** One text for equal JSON values, whatever the order of their keys. */
function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, member]) => `${JSON.stringify(key)}:${sorted(member)}`).join(',')}}`;
}
