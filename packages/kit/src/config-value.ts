/** How a value from a configuration is shown in a message: short, and never when it may be a secret. */

/** The JSON kind of a value: `null`, `array`, `object`, `string`, `number`, `boolean` (or JavaScript's word for others). */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

/**
 * A value in a few words. `path` is where it stands: below `env`, `headers` and keys that sound like a secret no text is
 * shown, and neither is text that looks like a key wherever it stands.
 */
export function abbreviate(value: unknown, path: readonly PropertyKey[]): string {
  switch (kindOf(value)) {
    case 'undefined':
      return 'nothing';
    case 'array':
      return `an array of ${(value as unknown[]).length}`;
    case 'object':
      return 'an object';
    case 'string': {
      const text = value as string;
      if (isSecretPlace(path) || looksSecret(text)) return 'a string (not shown)';
      return `the string ${JSON.stringify(text.length > 40 ? `${text.slice(0, 39)}…` : text)}`;
    }
    case 'number':
      return isSecretPlace(path) ? 'a number (not shown)' : `the number ${value}`;
    default:
      return String(value);
  }
}

function isSecretPlace(path: readonly PropertyKey[]): boolean {
  return path.some((step) =>
    /^(env|headers)$|token|secret|passw|passphrase|credential|authorization|cookie|key$|^pin$/i.test(String(step)),
  );
}

/** Known key prefixes, credentials in a URL, or a long run without spaces that mixes letters and digits. */
function looksSecret(text: string): boolean {
  if (/^(sk-|pk-|gh[a-z]_|github_pat_|xox|AKIA|AIza|eyJ|glpat-|Bearer |Basic |-----BEGIN)/.test(text)) return true;
  if (/:\/\/[^/\s]*@/.test(text) || /[?&](key|token|secret|sig)[^=]*=/i.test(text)) return true;
  return /[A-Za-z0-9+_-]{20,}/.test(text) && /\d/.test(text) && /[A-Za-z]/.test(text);
}
