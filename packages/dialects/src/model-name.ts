/** Patterns for names of models. */

/** Whether a name fits a pattern, in which `*` stands for any characters. */
export function matches(pattern: string, name: string): boolean {
  const parts = pattern.split('*');
  const [head = ''] = parts;
  const tail = parts.at(-1) ?? '';
  if (parts.length === 1) return pattern === name;
  if (!name.startsWith(head) || !name.endsWith(tail) || name.length < head.length + tail.length) return false;
  let from = head.length;
  for (const part of parts.slice(1, -1)) {
    const at = name.indexOf(part, from);
    if (at === -1 || at + part.length > name.length - tail.length) return false;
    from = at + part.length;
  }
  return true;
}

/**
 * The value for a name: its own entry, else that of the longest pattern that fits, so that `claude-haiku-*` goes before `claude-*`.
 * (The order of the table is not its author's to decide: Nix sorts what it writes.)
 */
export function valueFor<T>(name: string, table: Readonly<Record<string, T>>): T | undefined {
  if (Object.hasOwn(table, name)) return table[name];
  let best: string | undefined;
  for (const pattern in table) {
    if (best !== undefined && pattern.length <= best.length) continue;
    if (pattern.includes('*') && matches(pattern, name)) best = pattern;
  }
  return best === undefined ? undefined : table[best];
}
