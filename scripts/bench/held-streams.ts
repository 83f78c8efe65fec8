// What open streams cost in memory: an agent asks with its whole conversation and then listens for minutes. Opens streams on a target,
// one after the other, and keeps them open while the target's memory is read.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { rssMb } from './processes.ts';
import type { RouterTarget } from './router-targets.ts';

export const heldStreams = 100;
export const heldRequestKb = 512;

export interface HeldMemory {
  target: string;
  beforeMb: number;
  withMb: number;
}

/** Throws when a stream does not begin within 10 s. */
export async function heldMemory({ name, port, pid, path, headers, model }: RouterTarget): Promise<HeldMemory> {
  const beforeMb = rssMb(pid);
  const body = Buffer.from(heldRequest(model));
  const fields = { ...headers, host: `127.0.0.1:${port}`, 'content-type': 'application/json', 'content-length': body.length };
  const lines = Object.entries(fields).map(([field, value]) => `${field}: ${value}\r\n`);
  const request = Buffer.concat([Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n`), body]);
  const sockets: Socket[] = [];
  try {
    for (let index = 0; index < heldStreams; index += 1) {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      sockets.push(socket);
      socket.write(request);
      const [piece] = (await once(socket, 'data', { signal: AbortSignal.timeout(10_000) })) as [Buffer];
      if (!piece.includes(' 200 ')) throw new Error(`${name}: ${piece.toString('latin1', 0, 300)}`);
      socket.resume();
    }
    await sleep(1000);
    return { target: name, beforeMb, withMb: rssMb(pid) };
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

/** The canned provider gives this one a beginning and no end. */
function heldRequest(model: string): string {
  const content = 'const greeting = "hello";\n\tprint(greeting + \'!\');\n'.repeat((heldRequestKb * 1024) / 55);
  return JSON.stringify({ model, stream: true, user: 'held', messages: [{ role: 'user', content }] });
}
