// Puts load on one HTTP endpoint over raw sockets: a fixed request again and again on N keep-alive connections for a time.
// Runs as a process of its own (`node load.ts` with a job on stdin), so that measuring does not share the measured event loop.
import { connect, type Socket } from 'node:net';

/** What to send, to whom, how long. */
export interface Job {
  port: number;
  path: string;
  headers: Record<string, string>;
  body: string;
  connections: number;
  durationMs: number;
}

export interface LoadResult {
  requests: number;
  errors: number;
  requestsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** First answer that was not 200, for the report. */
  firstError?: string;
}

/** Runs the job. Every answer is read to its end; anything but a 200 counts as an error. */
export async function load(job: Job): Promise<LoadResult> {
  // Requests under way at the same time need ids of their own, or some servers mix up their answers.
  const requestOf = (connection: number) => {
    const body = Buffer.from(job.body.replace('"id":1,', `"id":${1000 + connection},`));
    const lines = Object.entries({ ...job.headers, host: `127.0.0.1:${job.port}`, 'content-length': body.length });
    const head = [`POST ${job.path} HTTP/1.1`, ...lines.map(([name, value]) => `${name}: ${value}`)];
    return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]);
  };
  const timesMs: number[] = [];
  let errors = 0;
  let firstError: string | undefined;
  const startedAt = performance.now();
  const until = startedAt + job.durationMs;

  const worker = (connection: number) =>
    new Promise<void>((resolve) => {
      const request = requestOf(connection);
      const socket: Socket = connect({ port: job.port, host: '127.0.0.1', noDelay: true });
      const answers = new AnswerReader();
      // An answer that never ends is an error of whoever gives it, and must not hold up the run.
      const giveUp = setTimeout(() => {
        errors += 1;
        firstError ??= `no whole answer within 2 s of the end: ${answers.seen()}`;
        socket.destroy();
        resolve();
      }, job.durationMs + 2000);
      let sentAt = 0;
      const send = () => {
        if (performance.now() >= until) {
          clearTimeout(giveUp);
          socket.destroy();
          resolve();
          return;
        }
        sentAt = performance.now();
        socket.write(request);
      };
      socket.on('connect', send);
      socket.on('data', (chunk) => {
        const answer = answers.feed(chunk);
        if (!answer) return;
        if (answer.ok) timesMs.push(performance.now() - sentAt);
        else {
          errors += 1;
          firstError ??= answer.text.slice(0, 300);
        }
        send();
      });
      const lost = () => {
        clearTimeout(giveUp);
        if (performance.now() < until - 50) {
          errors += 1;
          firstError ??= 'connection closed';
        }
        resolve();
      };
      socket.on('error', lost);
      socket.on('end', lost);
    });
  await Promise.all(Array.from({ length: job.connections }, (_, connection) => worker(connection)));
  const seconds = (performance.now() - startedAt) / 1000;
  timesMs.sort((a, b) => a - b);
  const at = (share: number) => timesMs[Math.min(timesMs.length - 1, Math.floor(timesMs.length * share))] ?? Number.NaN;
  return {
    requests: timesMs.length,
    errors,
    requestsPerSecond: timesMs.length / seconds,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    ...(firstError !== undefined && { firstError }),
  };
}

/** Finds the end of an HTTP/1.1 answer: by its length, or by the last chunk. */
class AnswerReader {
  #parts: Buffer[] = [];
  #size = 0;
  #bodyEnd: number | undefined;
  #isChunked = false;
  #status = 0;

  feed(chunk: Buffer): { ok: boolean; text: string } | undefined {
    this.#parts.push(chunk);
    this.#size += chunk.length;
    if (this.#bodyEnd === undefined && !this.#isChunked) {
      const all = this.#join();
      const headEnd = all.indexOf('\r\n\r\n');
      if (headEnd === -1) return undefined;
      const head = all.toString('latin1', 0, headEnd).toLowerCase();
      this.#status = Number(head.slice(9, 12));
      const length = /content-length: *(\d+)/.exec(head)?.[1];
      if (length !== undefined) this.#bodyEnd = headEnd + 4 + Number(length);
      else if (head.includes('transfer-encoding: chunked')) this.#isChunked = true;
      else this.#bodyEnd = headEnd + 4;
    }
    const done = this.#isChunked ? this.#endsWithLastChunk(chunk) : this.#size >= (this.#bodyEnd as number);
    if (!done) return undefined;
    const ok = this.#status === 200;
    const text = ok ? '' : this.#join().toString('utf8');
    this.#parts = [];
    this.#size = 0;
    this.#bodyEnd = undefined;
    this.#isChunked = false;
    return { ok, text };
  }

  /** What came so far, for a report. */
  seen(): string {
    return this.#parts.length === 0 ? 'nothing came' : this.#join().toString('utf8', 0, 300);
  }

  #endsWithLastChunk(chunk: Buffer): boolean {
    const tail = chunk.length >= 5 ? chunk : this.#join();
    return tail.subarray(-5).toString('latin1') === '0\r\n\r\n';
  }

  #join(): Buffer {
    if (this.#parts.length > 1) this.#parts = [Buffer.concat(this.#parts)];
    return this.#parts[0] as Buffer;
  }
}

if (process.argv[1] === import.meta.filename) {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  const result = await load(JSON.parse(Buffer.concat(chunks).toString('utf8')) as Job);
  process.stdout.write(JSON.stringify(result));
}
