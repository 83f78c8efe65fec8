// Opens streams on one endpoint over raw sockets and watches their pieces: when the first content comes, and whether each piece
// of the upstream arrives as one. Runs as a process of its own (`node stream-load.ts` with a job on stdin).
import { connect } from 'node:net';
import type { Job } from './load.ts';

export interface StreamResult {
  streams: number;
  errors: number;
  /** Pieces of all streams: HTTP chunks. */
  chunks: number;
  firstTokenP50Ms: number;
  firstTokenP99Ms: number;
  firstError?: string;
}

async function load(job: Job): Promise<StreamResult> {
  const body = Buffer.from(job.body);
  const lines = Object.entries({ ...job.headers, host: `127.0.0.1:${job.port}`, 'content-length': body.length });
  const head = [`POST ${job.path} HTTP/1.1`, ...lines.map(([name, value]) => `${name}: ${value}`)].join('\r\n');
  const request = Buffer.concat([Buffer.from(`${head}\r\n\r\n`), body]);
  const firstTokensMs: number[] = [];
  let streams = 0;
  let chunks = 0;
  let errors = 0;
  let firstError: string | undefined;
  const until = performance.now() + job.durationMs;
  const worker = (index: number) =>
    new Promise<void>((resolve) => {
      const socket = connect({ port: job.port, host: '127.0.0.1', noDelay: true });
      let sentAt = 0;
      let sawContent = false;
      let seen = '';
      const send = () => {
        if (performance.now() >= until) {
          clearTimeout(giveUp);
          socket.destroy();
          return resolve();
        }
        sawContent = false;
        seen = '';
        sentAt = performance.now();
        socket.write(request);
      };
      const giveUp = setTimeout(() => {
        errors += 1;
        firstError ??= `no end: ${seen.slice(0, 200)}`;
        socket.destroy();
        resolve();
      }, job.durationMs + 5000);
      // Streams that all begin at the same moment would measure the queue they make.
      socket.on('connect', () => setTimeout(send, (index * 400) / job.connections));
      socket.on('data', (piece) => {
        const text = piece.toString('latin1');
        if (!sawContent && text.includes('The ')) {
          sawContent = true;
          firstTokensMs.push(performance.now() - sentAt);
        }
        // One HTTP chunk is one write of the sender.
        chunks += text.match(/(?:^|\r\n)[0-9a-f]+\r\n(?=data:|event:)/g)?.length ?? 0;
        seen = (seen + text).slice(-400);
        if (!seen.endsWith('0\r\n\r\n')) return;
        streams += 1;
        if (!/\[DONE\]|message_stop/.test(seen)) {
          errors += 1;
          firstError ??= seen;
        }
        send();
      });
      const lost = () => {
        clearTimeout(giveUp);
        if (performance.now() < until - 50) {
          errors += 1;
          firstError ??= `connection closed: ${seen.slice(0, 200)}`;
        }
        resolve();
      };
      socket.on('error', lost);
      socket.on('end', lost);
    });
  await Promise.all(Array.from({ length: job.connections }, (_, index) => worker(index)));
  firstTokensMs.sort((a, b) => a - b);
  const at = (share: number) =>
    firstTokensMs[Math.min(firstTokensMs.length - 1, Math.floor(firstTokensMs.length * share))] ?? Number.NaN;
  return {
    streams,
    errors,
    chunks,
    firstTokenP50Ms: at(0.5),
    firstTokenP99Ms: at(0.99),
    ...(firstError !== undefined && { firstError }),
  };
}

const input: Buffer[] = [];
for await (const chunk of process.stdin) input.push(chunk as Buffer);
process.stdout.write(JSON.stringify(await load(JSON.parse(Buffer.concat(input).toString('utf8')) as Job)));
process.exit(0);
