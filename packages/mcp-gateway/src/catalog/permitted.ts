/** What of a server's lists the holder of some rights may see: exactly what they may call. */

import { memberText, rewriteObject, scanArray } from '@switchyard/kit/json-scan';
import type { Rights, ToolClass } from '../call/call.ts';
import type { ServerLists } from '../upstream/lists.ts';

type ClassOf = (server: string, tool: string) => ToolClass;

/** The lists without the tools that may not be called; the same object when nothing is forbidden. */
export function permittedLists(server: string, lists: ServerLists, rights: Rights, classOf: ClassOf): ServerLists {
  if (rights.key === 'all') return lists;
  const tools = lists.tools.filter(({ key }) => rights.allowsTool(server, key, classOf(server, key)));
  return tools.length === lists.tools.length ? lists : { ...lists, tools };
}

/** The same for one page of a `tools/list` result as text. */
export function permittedTools(server: string, result: string, rights: Rights, classOf: ClassOf): string {
  if (rights.key === 'all') return result;
  const all = scanArray(memberText(result, 'tools') ?? '[]');
  const tools = all.filter((tool) => {
    const { name } = JSON.parse(tool) as { name?: unknown };
    return typeof name === 'string' && rights.allowsTool(server, name, classOf(server, name));
  });
  if (tools.length === all.length) return result;
  // What was cut to one caller's rights is nobody else's to keep (2026-07-28, Caching › Security Considerations).
  const scope = result.includes('"cacheScope"') ? { cacheScope: '"private"' } : {};
  return rewriteObject(result, { tools: `[${tools.join(',')}]`, ...scope });
}
