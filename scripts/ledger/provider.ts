// A provider of models that says exactly what it is told to, for any dialect: each request names its scene by the model's name.
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What is answered: a whole body, or the events of a stream. */
export type Scene =
  | { status?: number; body: object; headers?: Record<string, string> }
  /** `hang`: after the events nothing more is said, and the connection stays. `cut`: it is destroyed. */
  | { events: readonly string[]; ending?: 'end' | 'hang' | 'cut'; pieceBytes?: number };

export interface ScriptedProvider {
  url: string;
  /** By model name, in order: the last one of several stays. */
  scenes: Map<string, Scene[]>;
  asked: number;
  close(): Promise<void>;
}

export async function startScriptedProvider(): Promise<ScriptedProvider> {
  const scenes = new Map<string, Scene[]>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const path = decodeURIComponent(request.url ?? '');
      if (request.method === 'GET') return void response.writeHead(200, json).end(JSON.stringify({ data: [], models: [] }));
      const text = Buffer.concat(chunks).toString('utf8');
      const model = String(JSON.parse(text).model ?? /\/models\/([^:]+):/.exec(path)?.[1]);
      const line = scenes.get(model);
      const scene = line && line.length > 1 ? line.shift() : line?.[0];
      provider.asked += 1;
      if (!scene) return void response.writeHead(404, json).end(JSON.stringify({ error: { message: `no scene "${model}"` } }));
      void play(scene, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const provider: ScriptedProvider = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    scenes,
    asked: 0,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return provider;
}

const json = { 'content-type': 'application/json' };

async function play(scene: Scene, response: ServerResponse): Promise<void> {
  if ('body' in scene) {
    response.writeHead(scene.status ?? 200, { ...json, ...scene.headers });
    response.end(JSON.stringify(scene.body));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const bytes = Buffer.from(scene.events.join(''));
  const size = scene.pieceBytes ?? bytes.length;
  for (let at = 0; at < bytes.length; at += size) {
    response.write(bytes.subarray(at, at + size));
    if (size < bytes.length) await new Promise(setImmediate);
  }
  if (scene.ending === 'hang') return;
  // What was written has to arrive before the end of the connection does.
  await sleep(20);
  if (scene.ending === 'cut') response.destroy();
  else response.end();
}
