/**
 * Conversations stay where they are: a provider keeps the prompt of a conversation in its cache, and going to another model throws that
 * away. Remembered by what clients call a conversation, for ten minutes after its latest request (providers' caches live five).
 */
export interface Session {
  side: 'cheap' | 'strong';
  /** `provider/model` that answered last. */
  model: string;
  /** Tokens of the prompt that the provider has in its cache now. */
  cachedTokens: number;
}

const rememberedMs = 600_000;
/** Names come from clients. */
const mostSessions = 10_000;

export class Sessions {
  readonly #sessions = new Map<string, Session & { untilMs: number }>();

  of(key: string, nowMs: number): Session | undefined {
    const session = this.#sessions.get(key);
    if (!session) return undefined;
    if (session.untilMs > nowMs) return session;
    this.#sessions.delete(key);
    return undefined;
  }

  set(key: string, session: Session, nowMs: number): void {
    // A map keeps the order of insertion: the first is the one longest unused.
    this.#sessions.delete(key);
    this.#sessions.set(key, { ...session, untilMs: nowMs + rememberedMs });
    if (this.#sessions.size <= mostSessions) return;
    for (const oldest of this.#sessions.keys()) {
      this.#sessions.delete(oldest);
      break;
    }
  }
}
