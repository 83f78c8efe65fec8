/** The end of a stream that was passed through and broke: what its dialect says then, without what would begin a new one. */
import type { Dialect } from './dialect.ts';
import { framesOf } from './frames.ts';
import type { ModelError } from './model/error.ts';

/** The one frame that tells an error within a stream. */
export function streamErrorFrame(dialect: Pick<Dialect, 'streamRenderer' | 'framing'>, error: ModelError): string {
  let text = '';
  const request = { model: '', stream: true, messages: [], tools: [], sampling: {} };
  dialect.streamRenderer((piece) => (text += piece), { request, nowMs: 0 }).push({ type: 'error', error });
  // Some dialects open a stream before they fail it; this one is open.
  return String([...framesOf(Buffer.from(text), dialect.framing)].at(-1) ?? '');
}
