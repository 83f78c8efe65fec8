/** Tells whether a URI may have been made from a URI template (RFC 6570), for finding the server that offers the template. */

const cache = new Map<string, RegExp | undefined>();

/** A generous match: it may accept too much for exotic operators, never too little for `{name}`, `{+path}` and `{/a,b}`. */
export function matchesTemplate(template: string, uri: string): boolean {
  let pattern = cache.get(template);
  if (pattern === undefined && !cache.has(template)) {
    pattern = compile(template);
    if (cache.size > 10_000) cache.clear();
    cache.set(template, pattern);
  }
  return pattern?.test(uri) ?? false;
}

function compile(template: string): RegExp | undefined {
  if (template.length > 2000) return undefined;
  let source = '';
  let rest = template;
  for (let open = rest.indexOf('{'); open !== -1; open = rest.indexOf('{')) {
    const close = rest.indexOf('}', open);
    if (close === -1) return undefined;
    source += escapeRegExp(rest.slice(0, open));
    const operator = rest[open + 1] ?? '';
    // Each piece is one class repeated once, so that matching stays linear in practice.
    source +=
      operator === '+' || operator === '#'
        ? '[^\\s]*'
        : operator === '/'
          ? '(?:/[^\\s?#]*)?'
          : operator === '?' || operator === '&'
            ? '(?:[?&][^#\\s]*)?'
            : '[^/?#\\s]*';
    rest = rest.slice(close + 1);
  }
  return new RegExp(`^${source}${escapeRegExp(rest)}$`);
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
