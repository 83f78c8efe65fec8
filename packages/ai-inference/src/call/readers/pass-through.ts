/** Streams that go on as they come. */
import { type ModelError, type ModelEvent, parseObject } from '@switchyard/dialects';
import { FrameSplitter, framesOf } from '@switchyard/dialects/frames';
import { streamErrorFrame } from '@switchyard/dialects/stream-error';
import { type ReaderOptions, streamTypeOf } from './answer-reader.ts';
import { StreamReader } from './stream.ts';

/** The client speaks the upstream's dialect: whole events pass as they are, each as it comes. */
export class PassThroughReader extends StreamReader {
  readonly #frames: FrameSplitter;
  /** Frames that came before anything that says whether the answer is one. */
  #held: Buffer[] = [];
  #decided = false;
  #errorPassed = false;

  constructor(options: ReaderOptions) {
    super(options);
    this.#frames = new FrameSplitter(options.upstream.framing);
  }

  protected override seen(event: ModelEvent): void {
    if (event.type !== 'ping' && event.type !== 'error' && event.type !== 'start') this.#decided = true;
  }

  override data(chunk: Buffer): void {
    if (this.isDone) return;
    let frames: Buffer | undefined;
    try {
      frames = this.#frames.push(chunk);
    } catch (error) {
      return this.broken({ kind: 'malformed', message: (error as Error).message });
    }
    this.feed(chunk);
    if (frames === undefined) return;
    if (this.toldError) return this.#failed(frames, this.toldError);
    if (!this.#decided) {
      this.#held.push(frames);
      this.holdUntilLate(() => {
        this.#decided = true;
        this.#pass(Buffer.alloc(0));
      });
      return;
    }
    this.#pass(frames);
  }

  /** An error is among these frames: the provider's own, which goes on as it is, or a frame that no client could read. */
  #failed(frames: Buffer, error: ModelError): void {
    const { answer, upstream } = this.options;
    if (answer.committed) {
      const isOurs = error.kind === 'malformed' && error.code === undefined;
      const all = [...framesOf(frames, upstream.framing)];
      const broken = isOurs ? all.findIndex((frame) => !isReadable(frame)) : -1;
      const passed = broken === -1 ? frames : Buffer.concat(all.slice(0, broken));
      this.#pass(Buffer.from(answer.mask(passed.toString('utf8'))));
      this.#errorPassed = !isOurs;
    }
    this.broken(error);
  }

  #pass(frames: Buffer): void {
    const { answer, client, flow, contentType } = this.options;
    if (!answer.committed) {
      answer.beginStream(contentType ?? streamTypeOf(client));
      for (const held of this.#held) answer.write(held, flow);
      this.#held = [];
    }
    const wanted = this.options.stripUsage ? withoutUsageChunk(frames) : frames;
    if (wanted.length > 0) answer.write(wanted, flow);
  }

  protected override complete(): void {
    const { rest } = this.#frames;
    if (!this.options.answer.committed) this.#pass(Buffer.alloc(0));
    if (rest && rest.length > 0) this.options.answer.write(rest, this.options.flow);
    this.options.answer.end();
    this.finish();
  }

  protected override broken(error: ModelError): void {
    if (this.isDone) return;
    const { answer, client } = this.options;
    if (answer.committed) {
      if (!this.#errorPassed) answer.write(answer.mask(streamErrorFrame(client, error)), this.options.flow);
      answer.end();
    }
    this.finish(error);
  }
}

/** Whether the data of a frame is JSON, or the mark of an end. */
function isReadable(frame: Buffer): boolean {
  const data = frame
    .toString('utf8')
    .split(/\r\n|\n|\r/)
    .flatMap((line) => /^data: ?(.*)$/.exec(line)?.[1] ?? (line.startsWith('{') ? line : []))
    .join('\n');
  return data === '' || data === '[DONE]' || parseObject(data) !== undefined;
}

/** Takes out the chunk that holds nothing but usage (`"choices":[]`), which the client did not ask for and may stumble over. */
function withoutUsageChunk(frames: Buffer): Buffer {
  if (!frames.includes('"usage"') || !/"choices"\s*:\s*\[\s*\]/.test(frames.toString('latin1'))) return frames;
  const kept = [...framesOf(frames, 'sse')].filter((frame) => {
    const text = frame.toString('latin1');
    return !(/"choices"\s*:\s*\[\s*\]/.test(text) && /"usage"\s*:\s*\{/.test(text));
  });
  return Buffer.concat(kept);
}
