/**
 * System text for servers whose chat templates take it in one place only. Claude Code puts system messages between the others, Codex several
 * developer messages at the start; the templates of Qwen, Llama and Gemma answer 400, "System message must be at the beginning".
 */
import type { Loss } from '../dialect.ts';
import type { DialectName, Message, ModelRequest } from './request.ts';

const isSystem = ({ role }: Message) => role === 'system' || role === 'developer';

/**
 * The messages of a request of another dialect with what leads them as one system message. Later ones are words of the user in their place,
 * one message with those they follow: brought to the front they would change the part of the prompt that is cached.
 */
export function systemFirst(request: ModelRequest, dialect: DialectName, losses: Loss[]): readonly Message[] {
  const { messages, bag } = request;
  if (bag?.dialect === dialect) return messages;
  const end = messages.findIndex((message) => !isSystem(message));
  const leading = end === -1 ? messages : messages.slice(0, end);
  const rest = end === -1 ? [] : messages.slice(end);
  const isPlain = leading.every(({ role }) => role === 'system') && leading.length <= 1;
  if (isPlain && !rest.some(isSystem)) return messages;
  const ordered: Message[] = [];
  if (isPlain) ordered.push(...leading);
  else ordered.push({ role: 'system', parts: leading.flatMap(({ parts }) => parts) });
  let isOpen = false;
  for (const [index, message] of rest.entries()) {
    const last = ordered.at(-1);
    const isLate = isSystem(message);
    if (isLate) {
      const why = 'many servers take system text only at the beginning: said as the user';
      losses.push({ field: `messages[${leading.length + index}]`, how: 'approximated', why });
    }
    const joins = last?.role === 'user' && (isLate || (isOpen && message.role === 'user'));
    if (joins) ordered[ordered.length - 1] = { ...last, parts: [...last.parts, ...message.parts] };
    else ordered.push(isLate ? { role: 'user', parts: message.parts } : message);
    isOpen = isLate;
  }
  return ordered;
}
