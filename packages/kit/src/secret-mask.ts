/**
 * Replaces known secret values in text. One pass over the text whatever the number of secrets (Wu and Manber, "A fast
 * algorithm for multi-pattern searching", 1994), because every log line and every error passes through it.
 */

/** What stands in a text for a secret. */
export const MASKED = '•••';
/** Shorter values are words, not secrets: masking them would make logs unreadable. */
const SHORTEST = 6;
/** The oldest values are forgotten beyond this many. */
const MOST_VALUES = 2000;

/** A growing set of secret values. */
export class SecretMask {
  readonly #values = new Set<string>();
  #finder: Finder | undefined;

  /** Makes a value known, along with its base64, URL-encoded and JSON-escaped forms. Values under six characters are ignored. */
  add(value: string): void {
    if (value.length < SHORTEST || this.#values.has(value)) return;
    if (this.#values.size >= MOST_VALUES) this.#values.delete(this.#values.values().next().value ?? '');
    this.#values.add(value);
    this.#finder = undefined;
  }

  /** `text` with every known value replaced by `•••`; values that overlap or touch become one mark. */
  apply(text: string): string {
    if (this.#values.size === 0 || text.length < SHORTEST) return text;
    this.#finder ??= new Finder(new Set([...this.#values].flatMap(formsOf)));
    const pieces: string[] = [];
    let end = -1;
    for (const [from, to] of this.#finder.find(text)) {
      if (from > end) pieces.push(text.slice(Math.max(0, end), from), MASKED);
      end = Math.max(end, to);
    }
    return end < 0 ? text : pieces.join('') + text.slice(end);
  }
}

/** How a value may look in a log: as it is, escaped for JSON or a URL, in base64 at any alignment, line by line. */
function formsOf(value: string): string[] {
  const lines = value.includes('\n') ? value.split(/\r?\n/).filter((line) => line.length >= 16) : [];
  const forms = [value, JSON.stringify(value).slice(1, -1), urlEncode(value), ...base64Forms(value), ...lines];
  return forms.filter((form) => form.length >= SHORTEST);
}

function urlEncode(value: string): string {
  // A lone surrogate has no URL-encoded form.
  return value.isWellFormed() ? encodeURIComponent(value) : value;
}

/**
 * The whole value in both alphabets; and, for a value inside a longer text (`user:value`), the characters that depend on
 * nothing but the value, for each of the three ways it can lie across base64's groups of three bytes.
 */
function base64Forms(value: string): string[] {
  const bytes = Buffer.from(value);
  const whole = bytes.toString('base64');
  const cores = [0, 1, 2].map((shift) => {
    const shifted = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    return shifted.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + bytes.length) * 8) / 6));
  });
  return [whole, ...cores].flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')]);
}

/** Finds any of a set of strings, each at least `SHORTEST` long. */
class Finder {
  /** How far the window may move on when its last three characters hash to the index. */
  readonly #shift = new Uint8Array(4096).fill(SHORTEST - 2);
  /** The strings whose first six characters end with three that hash to the key. */
  readonly #buckets = new Map<number, string[]>();

  constructor(needles: Iterable<string>) {
    for (const needle of needles) {
      for (let last = 2; last < SHORTEST; last++) {
        const hash = hashAt(needle, last);
        this.#shift[hash] = Math.min(this.#shift[hash] ?? 0, SHORTEST - 1 - last);
      }
      const hash = hashAt(needle, SHORTEST - 1);
      this.#buckets.set(hash, [...(this.#buckets.get(hash) ?? []), needle]);
    }
  }

  /** Every occurrence as `[from, to)`, by ascending `from`. */
  *find(text: string): Generator<[number, number]> {
    let last = SHORTEST - 1;
    while (last < text.length) {
      const hash = hashAt(text, last);
      const shift = this.#shift[hash] ?? 1;
      if (shift === 0) {
        const from = last - SHORTEST + 1;
        for (const needle of this.#buckets.get(hash) ?? []) if (text.startsWith(needle, from)) yield [from, from + needle.length];
      }
      last += shift || 1;
    }
  }
}

/** Hash of the three characters that end at `last`. */
function hashAt(text: string, last: number): number {
  return ((text.charCodeAt(last - 2) << 8) ^ (text.charCodeAt(last - 1) << 4) ^ text.charCodeAt(last)) & 4095;
}
