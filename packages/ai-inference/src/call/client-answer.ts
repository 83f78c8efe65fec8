/** The answer to a client of one of the dialects. */
import type { Dialect, ModelError } from '@switchyard/dialects';
import { Answer } from '@switchyard/kit/answer';
import { Cancel, type CancelSignal } from '@switchyard/kit/cancel';
import type { OutboundResponse } from '@switchyard/kit/inbound';
import type { Failure } from '../routing/failure.ts';

export class ClientAnswer extends Answer {
  /** Whether the whole answer is to be kept in `kept`, for the cache. */
  keeps = false;
  kept: Buffer | undefined;
  /** Hides secrets in a text. Errors pass through it, ours and the providers', who may repeat a key; answers of models do not. */
  readonly mask: (text: string) => string;
  /** Called when a stream begins: from then on the client hears of this answer, and nothing can be asked anew. */
  onStream: (() => void) | undefined;

  constructor(response: OutboundResponse, headers: Record<string, string>, mask: (text: string) => string) {
    super(response, headers);
    this.mask = mask;
  }

  override whole(status: number, body: Buffer | string, contentType?: string): void {
    if (this.keeps && status === 200) this.kept = Buffer.from(body);
    super.whole(status, body, contentType);
  }

  override beginStream(contentType: string, status?: number): void {
    super.beginStream(contentType, status);
    this.onStream?.();
  }

  /** Aborts when the client leaves before all was said; it may have left already. */
  leaving(): CancelSignal {
    const left = new Cancel();
    if (this.gone) left.abort();
    else
      this.response.once('close', () => {
        if (!this.response.writableFinished) left.abort();
      });
    return left.signal;
  }

  /** Refuses or fails before anything was sent, in the client's dialect. */
  fail(
    dialect: Pick<Dialect, 'renderError'>,
    error: ModelError,
    failure: Pick<Failure, 'retryAfterMs' | 'retryAfter'> = {},
  ): void {
    const { retryAfterMs } = failure;
    // Gemini's clients read how long to wait from the body.
    const { status, body } = dialect.renderError(retryAfterMs === undefined ? error : { ...error, retryAfterMs });
    this.failWith(status, JSON.stringify(body), failure);
  }

  /** The same with a body that is there already. */
  failWith(
    status: number,
    body: Buffer | string,
    { retryAfterMs, retryAfter }: Pick<Failure, 'retryAfterMs' | 'retryAfter'>,
  ): void {
    const seconds = retryAfterMs === undefined ? undefined : String(Math.max(1, Math.ceil(retryAfterMs / 1000)));
    const wait = retryAfter ?? seconds;
    if (wait !== undefined) this.set('retry-after', wait);
    this.whole(status, this.mask(body.toString()));
  }
}
