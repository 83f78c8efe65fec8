/** Who wants updates of which resource: a server is asked for each once, however many clients want it. */

export class ResourceWatches {
  readonly #subscribe: (server: string, uris: ReadonlySet<string>) => Promise<void>;
  /** Server → resource → how many want it. */
  readonly #wanted = new Map<string, Map<string, number>>();

  /** `subscribe`: tells a server all that is wanted of it. */
  constructor(subscribe: (server: string, uris: ReadonlySet<string>) => Promise<void>) {
    this.#subscribe = subscribe;
  }

  /** The server is no more declared. */
  forget(server: string): void {
    this.#wanted.delete(server);
  }

  /** Resolves, once the server agreed, with the function that ends it. Rejects as `subscribe` does. */
  async begin(server: string, uri: string): Promise<() => void> {
    const counts = this.#wanted.get(server) ?? new Map<string, number>();
    this.#wanted.set(server, counts);
    const change = (by: number) => {
      const count = (counts.get(uri) ?? 0) + by;
      if (count <= 0) counts.delete(uri);
      else counts.set(uri, count);
      return this.#subscribe(server, new Set(counts.keys()));
    };
    let done = false;
    const end = () => {
      if (done) return;
      done = true;
      change(-1).catch(() => {});
    };
    try {
      await change(1);
    } catch (error) {
      end();
      throw error;
    }
    return end;
  }
}
