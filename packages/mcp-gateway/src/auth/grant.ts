/**
 * What an identity may do: as data (`Grant`), which a token, a socket or the scopes of a JWT carry, and as the rights that
 * follow from it. Pure.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { allRights, type Rights, type ToolClass } from '../call/call.ts';

export interface Grant {
  /** Names of servers, `*` standing for any characters. */
  servers: readonly string[];
  /** `server/tool`, `*` standing for any characters in either. */
  tools: readonly string[];
  /** The highest class that may be called. */
  class: ToolClass;
  /** May change and restart the servers it may use. */
  admin: boolean;
  /** Calls per minute; undefined for no limit. */
  ratePerMinute: number | undefined;
}

export const toolClasses = ['read', 'write', 'destructive'] as const satisfies readonly ToolClass[];

const serverPattern = z
  .string()
  .regex(/^[A-Za-z0-9_.*-]+$/, 'must be the name of a server, in which "*" stands for any characters');
const toolPattern = z
  .string()
  .regex(
    /^[A-Za-z0-9_.*-]+\/.+$/,
    'must be written as server/tool, in which "*" stands for any characters, such as "github/get_*"',
  );

/** The settings of a grant, the same wherever one is declared. */
export const grantShape = {
  servers: z
    .array(serverPattern)
    .min(1)
    .optional()
    .describe('Servers that may be used; `*` stands for any characters. Default: those named in `tools`, else all.'),
  tools: z
    .array(toolPattern)
    .min(1)
    .optional()
    .describe('Tools that may be called, as `server/tool`; `*` stands for any characters. Default: all of these servers.'),
  class: z
    .enum(toolClasses)
    .default('write')
    .describe(
      'Highest class of tools that may be called: read < write < destructive. A tool that does not say what it does counts as destructive.',
    ),
  admin: z.boolean().default(false).describe('May change and restart the servers it may use.'),
} as const;

/** A grant from what was declared. */
export function grantOf(declared: {
  servers?: readonly string[] | undefined;
  tools?: readonly string[] | undefined;
  class: ToolClass;
  admin: boolean;
  ratePerMinute?: number | undefined;
}): Grant {
  const { servers, tools, ratePerMinute, ...rest } = declared;
  // Naming tools of one server must not open the prompts and resources of all others.
  const named = tools?.map((pattern) => pattern.slice(0, pattern.indexOf('/')));
  return { ...rest, ratePerMinute, servers: unique(servers ?? named ?? ['*']), tools: unique(tools ?? ['*/*']) };
}

/** The rights of a grant; the same object for the same grant. */
export function rightsOf(grant: Grant): Rights {
  const text = JSON.stringify([grant.servers, grant.tools, grant.class, grant.admin, grant.ratePerMinute ?? null]);
  let rights = known.get(text);
  if (!rights) {
    rights = makeRights(grant);
    if (known.size >= maxKnown) known.clear();
    known.set(text, rights);
  }
  return rights;
}

const known = new Map<string, Rights>();
const maxKnown = 1000;

function makeRights({ servers, tools, class: highest, admin, ratePerMinute }: Grant): Rights {
  if (servers.includes('*') && tools.includes('*/*') && highest === 'destructive') return { ...allRights, admin, ratePerMinute };
  const serverMatches = matcherOf(servers);
  const toolMatches = matcherOf(tools);
  const rank = toolClasses.indexOf(highest);
  return {
    key: createHash('sha256')
      .update(JSON.stringify([servers, tools, highest]))
      .digest('base64url')
      .slice(0, 16),
    admin,
    ratePerMinute,
    allowsServer: serverMatches,
    allowsTool: (server, tool, toolClass) =>
      toolClasses.indexOf(toolClass) <= rank && serverMatches(server) && toolMatches(`${server}/${tool}`),
  };
}

/** Whether a text matches one of the patterns. */
export function matcherOf(patterns: readonly string[]): (text: string) => boolean {
  if (patterns.some((pattern) => /^\*+$/.test(pattern))) return () => true;
  const source = patterns.map((pattern) => pattern.split(/\*+/).map(escapeRegExp).join('.*')).join('|');
  const expression = new RegExp(`^(?:${source})$`, 's');
  return (text) => expression.test(text);
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort();
}
