/** Tells whether a URI may have been made from a URI template (RFC 6570), for finding the server that offers the template. */

/** What stands at one place of a template: fixed text, or any run of characters of a kind, perhaps behind a leading one. */
type Part = { literal: string } | { run: RegExp; lead?: RegExp };

const maxTemplateChars = 2000;
const maxUriChars = 8000;
const cache = new Map<string, readonly Part[] | undefined>();

/**
 * A generous match: it may accept too much for exotic operators, never too little for `{name}`, `{+path}` and `{/a,b}`.
 * Takes time in proportion to template × URI at most, as templates come from servers and URIs from clients.
 */
export function matchesTemplate(template: string, uri: string): boolean {
  let parts = cache.get(template);
  if (parts === undefined && !cache.has(template)) {
    parts = compile(template);
    if (cache.size > 10_000) cache.clear();
    cache.set(template, parts);
  }
  return parts !== undefined && uri.length <= maxUriChars && matches(parts, uri);
}

function compile(template: string): readonly Part[] | undefined {
  if (template.length > maxTemplateChars) return undefined;
  const parts: Part[] = [];
  let rest = template;
  for (let open = rest.indexOf('{'); open !== -1; open = rest.indexOf('{')) {
    const close = rest.indexOf('}', open);
    if (close === -1) return undefined;
    if (open > 0) parts.push({ literal: rest.slice(0, open) });
    parts.push(partOf(rest[open + 1] ?? ''));
    rest = rest.slice(close + 1);
  }
  parts.push({ literal: rest });
  return parts;
}

function partOf(operator: string): Part {
  if (operator === '+' || operator === '#') return { run: /\S/ };
  if (operator === '/') return { lead: /\//, run: /[^\s?#]/ };
  if (operator === '?' || operator === '&') return { lead: /[?&]/, run: /[^#\s]/ };
  return { run: /[^/?#\s]/ };
}

/** Follows all ways through the URI at once: after each part, the set of places where it may have ended. */
function matches(parts: readonly Part[], uri: string): boolean {
  let places = new Set([0]);
  for (const part of parts) {
    places = 'literal' in part ? afterLiteral(places, part.literal, uri) : afterRun(places, part, uri);
    if (places.size === 0) return false;
  }
  return places.has(uri.length);
}

function afterLiteral(places: ReadonlySet<number>, literal: string, uri: string): Set<number> {
  const next = new Set<number>();
  for (const place of places) if (uri.startsWith(literal, place)) next.add(place + literal.length);
  return next;
}

function afterRun(places: ReadonlySet<number>, { run, lead }: { run: RegExp; lead?: RegExp }, uri: string): Set<number> {
  const next = new Set(places);
  let running = false;
  for (let place = 0; place < uri.length; place += 1) {
    const character = uri[place] as string;
    const begins = places.has(place) && (lead ?? run).test(character);
    running = begins || (running && run.test(character));
    if (running) next.add(place + 1);
  }
  return next;
}
