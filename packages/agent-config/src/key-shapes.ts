/**
 * What looks like a secret value: by the shapes that providers give their keys, by the name of the field, or by chance being
 * unlikely to have made such a word. Used to keep values off the screen and to say which of them should be moved. Pure.
 */
import { MASKED } from '@switchyard/kit/secret-mask';

/** Beginnings and shapes that providers publish (secret scanners match the same). */
const shapes = [
  /sk-[\w-]{16,}/,
  /(?:sk|rk|pk)_(?:live|test)_\w{16,}/,
  /gh[pousr]_[A-Za-z0-9]{20,}/,
  /github_pat_\w{20,}/,
  /glpat-[\w-]{16,}/,
  /xox[abeprs]-[\w-]{10,}/,
  /xapp-[\w-]{10,}/,
  /(?:AKIA|ASIA)[0-9A-Z]{16}/,
  /AIza[\w-]{30,}/,
  /ya29\.[\w-]{20,}/,
  /pul-[0-9a-f]{32,}/,
  /hf_[A-Za-z0-9]{20,}/,
  /lin_(?:api|oauth)_\w{16,}/,
  /ntn_\w{20,}/,
  /secret_[A-Za-z0-9]{20,}/,
  /npm_[A-Za-z0-9]{20,}/,
  /dop_v1_[0-9a-f]{32,}/,
  /SG\.[\w-]{16,}\.[\w-]{16,}/,
  /gsk_[A-Za-z0-9]{20,}/,
  /pplx-[\w-]{16,}/,
  /tvly-[\w-]{16,}/,
  /pat-[a-z0-9]{2,4}-[\w-]{16,}/,
  /m0-[\w-]{16,}/,
  /sy_[\w-]{16,}/,
  /ops_eyJ[\w-]{16,}/,
  /eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/,
  /AGE-SECRET-KEY-1[0-9A-Z]{20,}/,
].map(({ source }) => source);
const known = new RegExp(String.raw`(?<![\w-])(?:${shapes.join('|')})`, 'g');
const knownOnly = new RegExp(`^(?:Bearer |Basic |token )?(?:${shapes.join('|')})$`, 'i');

const secretWords =
  '(?:api[-_]?key|apikey|[-_]key|token|secret|passw(?:or)?d|passphrase|authorization|credential|private[-_]?key|access[-_]?key)';
const secretName = new RegExp(`^key$|${secretWords}`, 'i');
/** Names that hold a secret's name or place and not its value. */
const pointerName = /(?:file|path|env|env_var|_name|dir|url|limit|count|max|ttl|expiry|budget)$/i;

/** Whether the name of a variable, header or field says that its value is secret. */
export function isSecretName(name: string): boolean {
  return secretName.test(name) && !pointerName.test(name);
}

/** Whether a value should not stand in a file. `name`: what the variable or header is called. A reference is no value. */
export function isKeyLike(value: string, name = ''): boolean {
  const bare = value.replace(/^(?:Bearer|Basic|token)\s+/i, '');
  if (isReference(bare)) return false;
  if (knownOnly.test(value) || hasPasswordInUrl(value)) return true;
  if (isSecretName(name)) return bare.length >= 6 && !isPointer(bare);
  return isRandom(bare);
}

/** `text` with everything that looks like a secret value as `•••`: what is shown on a screen or in a difference. */
export function maskKeys(text: string): string {
  return text
    .replace(known, MASKED)
    .replace(/(:\/\/[^\s/:@"']+:)[^\s/@"']+(?=@)/g, `$1${MASKED}`)
    .replace(assignment, (whole, before: string, value: string) =>
      isReference(value) || isPointer(value) ? whole : before + MASKED,
    )
    .replace(argument, (whole, before: string, value: string) =>
      isReference(value) || isPointer(value) ? whole : before + MASKED,
    )
    .replace(/[A-Za-z0-9_+=-]{24,}/g, (word) => (isRandom(word) ? MASKED : word));
}

/** `"apiKey": "…"`, `API_KEY = …`, `?token=…`. */
const assignment = new RegExp(
  String.raw`((?<![\w-])[\w.-]*(?:${secretWords}|(?<![A-Za-z])key)(?!file|path|env|_env|_file|_path|_name|limit)["']?\s*[:=]\s*["']?(?:Bearer\s+|Basic\s+|token\s+)?)([^\s"',}&]{6,})`,
  'gi',
);
/** `"--api-key", "…"`. */
const argument = new RegExp(String.raw`(--?(?!-?credential)[\w-]*${secretWords}["']\s*,\s*["'])([^"']{6,})`, 'gi');

function isReference(text: string): boolean {
  return /\$\{|\{env:|\{file:|^\$[A-Za-z_]|\{\{|^<.*>$|^•+$|^op:\/\//.test(text);
}

/** A path, the name of a variable, a word of a setting: it points somewhere and is no value itself. */
function isPointer(text: string): boolean {
  return (
    /^(?:[~.]?\/|[A-Za-z]:[\\/]|file:|credential:|env:|https?:\/\/[^:@]*$)/.test(text) ||
    /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/.test(text) ||
    /^(?:true|false|null|none|approve|auto|bearer|basic|token)\b/i.test(text)
  );
}

function hasPasswordInUrl(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\/[^\s/:@]+:[^\s/@]+@/i.test(text) && !isReference(text);
}

/** Letters and digits so mixed that nobody wrote them: long, and with much information in each character. */
function isRandom(word: string): boolean {
  if (!/^[A-Za-z0-9_+=-]{24,}$/.test(word) || !/\d/.test(word) || !/[A-Za-z]/.test(word)) return false;
  // Words joined by dashes are names; a UUID names a thing.
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(word)) return false;
  const longest = Math.max(...word.split(/[-_]/).map(({ length }) => length));
  if (longest < 16) return false;
  const changes = [...word].filter((letter, index) => index > 0 && kindOf(letter) !== kindOf(word[index - 1] as string)).length;
  return entropyOf(word) >= 3 && changes >= word.length / 5;
}

function kindOf(letter: string): number {
  return /\d/.test(letter) ? 0 : /[A-Z]/.test(letter) ? 1 : 2;
}

/** Bits in each character, by how often each appears. */
function entropyOf(word: string): number {
  const counts = new Map<string, number>();
  for (const letter of word) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  return [...counts.values()].reduce((bits, count) => bits - (count / word.length) * Math.log2(count / word.length), 0);
}
