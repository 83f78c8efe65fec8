/** Events of a `text/event-stream` (WHATWG HTML, "server-sent events"), as far as MCP uses them. */

export interface SseEvent {
  data: string;
  /** Where to go on after the stream broke. */
  id?: string;
  retryMs?: number;
}

/** The events of a body as they come. Comments and events without data are left out, but for their ids. */
export async function* eventsOf(body: AsyncIterable<Buffer>): AsyncGenerator<SseEvent> {
  const decoder = new TextDecoder();
  let pieces: string[] = [];
  let data: string[] = [];
  let event: Omit<SseEvent, 'data'> = {};
  for await (const chunk of body) {
    const lines = decoder.decode(chunk, { stream: true }).split('\n');
    for (const [index, text] of lines.entries()) {
      pieces.push(text);
      if (index === lines.length - 1) break;
      const line = pieces.join('').replace(/\r$/, '');
      pieces = [];
      if (line !== '') {
        const [, field, value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
        if (field === 'data') data.push(value);
        else if (field === 'id') event.id = value;
        else if (field === 'retry' && /^\d+$/.test(value)) event.retryMs = Number(value);
        continue;
      }
      if (data.length > 0 || event.id !== undefined || event.retryMs !== undefined) yield { ...event, data: data.join('\n') };
      data = [];
      event = {};
    }
  }
}
