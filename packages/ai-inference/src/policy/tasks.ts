/**
 * Kinds of requests that have models of their own: a long prompt or pictures go to a model with room for them, reasoning and code to a
 * strong one, sorting into classes and housekeeping to a small one. Pure; what cannot be told plainly is no task.
 */
import type { Message, ModelRequest } from '@switchyard/dialects';

export const taskNames = ['fast', 'reasoning', 'classify', 'long-context'] as const;
export type Task = (typeof taskNames)[number];

const patterns = {
  classify:
    /\b(?:classif(?:y|ication)|categori[sz]e|sentiment of|(?:which|choose|pick|assign) (?:one |the |a )?(?:category|class|label)|label (?:this|the following|each)|(?:answer|respond|reply) (?:only |just )?(?:with )?(?:one word|a single word|(?:yes|true) or (?:no|false)))\b/i,
  summary: /\b(?:summari[sz]e|summary of|tl;?dr|key points|extract (?:all|every|the main))\b/i,
  housekeeping:
    /\b(?:(?:generate|write|suggest|give) (?:me )?(?:a |an )?(?:short |concise |brief )*(?:title|name|headline|commit message|branch name|greeting)|title for (?:this|the) (?:chat|conversation|thread))\b/i,
  reasoning:
    /```|\b(?:prove|derive|step[- ]by[- ]step|debug|refactor|root cause|stack trace|trade-?offs?|analy[sz]e|architecture|algorithm|theorem|optimi[sz]e|implement)\b/i,
};

/** A summary is a matter of room from here on, in tokens. */
const longSummaryTokens = 8000;
/** What is small enough for a small model, in tokens. */
const smallTokens = 4000;

/** The kind of a request; undefined when it is none of them. `asking`: the latest words of the user. */
export function taskOf(
  request: ModelRequest,
  asking: string,
  { inputTokens, longContextTokens }: { inputTokens: number; longContextTokens: number },
): Task | undefined {
  if (inputTokens >= longContextTokens || hasMedia(request.messages)) return 'long-context';
  if (patterns.summary.test(asking) && inputTokens >= longSummaryTokens) return 'long-context';
  if (inputTokens < smallTokens && request.tools.length === 0) {
    if (patterns.classify.test(asking)) return 'classify';
    if (patterns.housekeeping.test(asking)) return 'fast';
  }
  return patterns.reasoning.test(asking) ? 'reasoning' : undefined;
}

function hasMedia(messages: readonly Message[]): boolean {
  return messages.some(({ parts }) =>
    parts.some(
      (part) =>
        part.type === 'image' ||
        part.type === 'file' ||
        (part.type === 'tool-result' && part.content.some(({ type }) => type === 'image' || type === 'file')),
    ),
  );
}
