/** An answer that is looked at before the client hears of it. Leaves with the client it is meant for. */
import type { CancelSignal } from '@switchyard/kit/cancel';
import { ClientAnswer } from './client-answer.ts';

export class CapturedAnswer extends ClientAnswer {
  body: Buffer | undefined;
  readonly #client: ClientAnswer;
  readonly #kept = new Map<string, string | string[]>();

  constructor(client: ClientAnswer) {
    super(client.response, {}, client.mask);
    this.#client = client;
  }

  override get committed(): boolean {
    return this.body !== undefined;
  }

  override set(name: string, value: string | string[]): void {
    this.#kept.set(name, value);
  }

  override whole(_status: number, body: Buffer | string): void {
    this.body ??= Buffer.from(body);
  }

  override leaving(): CancelSignal {
    return this.#client.leaving();
  }

  /** Gives what was said of the answer to the client's. */
  passHeaders(to: ClientAnswer): void {
    for (const [name, value] of this.#kept) to.set(name, value);
  }
}
