/**
 * The published view of several servers as one: names, texts and the way back. A snapshot is immutable and made as a
 * whole, so that a client never sees half of a change; its order follows the declaration, never the time of arrival.
 */
import { rewriteObject } from '@switchyard/kit/json-scan';
import type { ServerLists } from '../upstream/lists.ts';
import { publicName } from './names.ts';
import { matchesTemplate } from './uri-template.ts';

/** A server as the catalog sees it. */
export interface CatalogMember {
  name: string;
  lists: ServerLists;
}

/** Where a public name leads: the server and the name it uses itself. */
export interface Route {
  server: string;
  name: string;
}

export interface CatalogSnapshot {
  /** JSON array texts, ready to be put into a list result. */
  toolsText: string;
  promptsText: string;
  resourcesText: string;
  templatesText: string;
  tools: ReadonlyMap<string, Route>;
  prompts: ReadonlyMap<string, Route>;
  /** The server and URI behind a public URI; undefined when no server seems to have it. */
  resource(uri: string): Route | undefined;
  template(uriTemplate: string): Route | undefined;
}

/** Builds the snapshot of some servers, given in their declared order. */
export function buildSnapshot(members: readonly CatalogMember[]): CatalogSnapshot {
  const tools = publishNamed(members, 'tools');
  const prompts = publishNamed(members, 'prompts');
  const resources = publishUris(members, 'resources', 'uri');
  const templates = publishUris(members, 'templates', 'uriTemplate');
  return {
    toolsText: tools.text,
    promptsText: prompts.text,
    resourcesText: resources.text,
    templatesText: templates.text,
    tools: tools.routes,
    prompts: prompts.routes,
    resource: (uri) =>
      resources.routes.get(uri) ?? aliased(members, uri) ?? byTemplate(templates.routes, uri) ?? byScheme(members, uri),
    template: (uriTemplate) => templates.routes.get(uriTemplate) ?? aliased(members, uriTemplate),
  };
}

interface Published {
  text: string;
  routes: Map<string, Route>;
}

function publishNamed(members: readonly CatalogMember[], list: 'tools' | 'prompts'): Published {
  const routes = new Map<string, Route>();
  const texts: string[] = [];
  for (const { name: server, lists } of members) {
    for (const { key, text } of lists[list]) {
      const name = publicName(server, key);
      if (routes.has(name)) continue;
      routes.set(name, { server, name: key });
      texts.push(rewriteObject(text, { name: JSON.stringify(name) }));
    }
  }
  return { text: `[${texts.join(',')}]`, routes };
}

/** URIs stay as they are, so that links inside of results keep working; only a URI that two servers use gets an alias for the later one. */
function publishUris(
  members: readonly CatalogMember[],
  list: 'resources' | 'templates',
  member: 'uri' | 'uriTemplate',
): Published {
  const routes = new Map<string, Route>();
  const texts: string[] = [];
  for (const { name: server, lists } of members) {
    for (const { key, text } of lists[list]) {
      const uri = routes.has(key) ? aliasOf(server, key) : key;
      if (routes.has(uri)) continue;
      routes.set(uri, { server, name: key });
      texts.push(uri === key ? text : rewriteObject(text, { [member]: JSON.stringify(uri) }));
    }
  }
  return { text: `[${texts.join(',')}]`, routes };
}

/** The name by which a resource of one server can always be read, whoever else uses its URI: `mcp+{server}:{uri}`. */
export function aliasOf(server: string, uri: string): string {
  return `mcp+${server}:${uri}`;
}

function aliased(members: readonly CatalogMember[], uri: string): Route | undefined {
  if (!uri.startsWith('mcp+')) return undefined;
  for (const { name: server } of members) {
    const prefix = aliasOf(server, '');
    if (uri.startsWith(prefix)) return { server, name: uri.slice(prefix.length) };
  }
  return undefined;
}

function byTemplate(templates: ReadonlyMap<string, Route>, uri: string): Route | undefined {
  for (const { server, name } of templates.values()) {
    if (matchesTemplate(name, uri)) return { server, name: uri };
  }
  return undefined;
}

/** A URI that nobody lists (made up in a result) goes to the only server that uses its scheme, if there is just one. */
function byScheme(members: readonly CatalogMember[], uri: string): Route | undefined {
  const scheme = /^[A-Za-z][A-Za-z0-9+.-]*:/.exec(uri)?.[0];
  if (scheme === undefined) return undefined;
  const having = members.filter(({ lists }) =>
    [...lists.resources, ...lists.templates].some(({ key }) => key.startsWith(scheme)),
  );
  return having.length === 1 && having[0] ? { server: having[0].name, name: uri } : undefined;
}
