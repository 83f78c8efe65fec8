/** Streams that are told anew in the client's dialect. */
import type { ModelError, ModelEvent, StreamRenderer } from '@switchyard/dialects';
import { renderOptions, streamTypeOf } from './answer-reader.ts';
import { StreamReader } from './stream.ts';

/** The client speaks another dialect: events go through the model. */
export class TranslatingReader extends StreamReader {
  #renderer: StreamRenderer | undefined;
  #early: ModelEvent[] = [];

  protected override seen(event: ModelEvent): void {
    if (this.isDone || event.type === 'error' || event.type === 'end') return;
    if (this.#renderer) return this.#renderer.push(event);
    if (event.type !== 'ping') this.#early.push(event);
    if (event.type === 'start' || event.type === 'ping') {
      this.holdUntilLate(() => {
        if (!this.#renderer) this.#begin();
        this.#flush();
      });
      return;
    }
    this.#begin();
  }

  #begin(): StreamRenderer {
    const { answer, client } = this.options;
    const renderer = client.streamRenderer((text) => this.#pieces.push(text), renderOptions(this.options));
    answer.beginStream(streamTypeOf(client));
    this.#renderer = renderer;
    for (const event of this.#early) renderer.push(event);
    this.#early = [];
    return renderer;
  }

  /** What one chunk of the upstream makes is sent as one chunk. */
  #pieces: string[] = [];

  #flush(): void {
    if (this.#pieces.length === 0) return;
    const text = this.#pieces.length === 1 ? (this.#pieces[0] as string) : this.#pieces.join('');
    this.#pieces = [];
    this.options.answer.write(text, this.options.flow);
  }

  override data(chunk: Buffer): void {
    if (this.isDone) return;
    this.feed(chunk);
    this.#flush();
    if (this.toldError) this.broken(this.toldError);
  }

  protected override complete(): void {
    const renderer = this.#renderer ?? this.#begin();
    renderer.push({ type: 'end' });
    this.#flush();
    this.options.answer.end();
    this.finish();
  }

  protected override broken(error: ModelError): void {
    if (this.isDone) return;
    const { answer } = this.options;
    if (answer.committed && this.#renderer) {
      this.#renderer.push({ type: 'error', error: { ...error, message: answer.mask(error.message) } });
      this.#flush();
      answer.end();
    }
    this.finish(error);
  }
}
