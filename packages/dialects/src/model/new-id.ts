/** Ids for what a dialect must name and its source did not. */
import { randomUUID } from 'node:crypto';

/** `prefix` and 32 hexadecimal digits, as OpenAI's and Anthropic's own ids look. */
export function randomId(prefix: string): string {
  return prefix + randomUUID().replaceAll('-', '');
}
