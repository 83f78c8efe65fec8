/** A whole answer as the events of a stream, for a client who asked for one where the provider gave none; and the way back. */
import type { ModelAnswer, ModelEvent, Usage } from './answer.ts';

/** The events of an answer, `start` to `end`. */
export function eventsOf(answer: ModelAnswer): ModelEvent[] {
  const { id, model, createdAtMs, bag, usage } = answer;
  const events: ModelEvent[] = [
    { type: 'start', id, model, ...(createdAtMs !== undefined && { createdAtMs }), ...(bag && { bag }) },
  ];
  let index = 0;
  for (const part of answer.parts) {
    if (part.type === 'text') events.push({ type: 'text', text: part.text, ...(part.opaque && { opaque: part.opaque }) });
    else if (part.type === 'refusal') events.push({ type: 'refusal', text: part.text });
    else if (part.type === 'reasoning') {
      if (part.text !== '') events.push({ type: 'reasoning', text: part.text, ...(part.isSummary && { isSummary: true }) });
      events.push({ type: 'reasoning-end', ...(part.opaque && { opaque: part.opaque }) });
    } else if (part.type === 'tool-call') {
      const { id, name, namespace, isCustom, opaque } = part;
      events.push({
        type: 'tool-start',
        index,
        id,
        name,
        ...(namespace !== undefined && { namespace }),
        ...(isCustom !== undefined && { isCustom }),
        ...(opaque && { opaque }),
      });
      if (part.arguments !== '') events.push({ type: 'tool-arguments', index, text: part.arguments });
      events.push({ type: 'tool-end', index });
      index += 1;
    } else if (part.type === 'unknown') events.push({ type: 'extra', bag: part.bag });
    else events.push({ type: 'part', part });
  }
  if (usage) events.push({ type: 'usage', usage });
  events.push({ type: 'stop', stop: answer.stop }, { type: 'end' });
  return events;
}

/** Usage as it grows: what a later report leaves out stays as it was. */
export function mergeUsage(before: Usage | undefined, after: Usage): Usage {
  return before ? { ...before, ...after } : after;
}
