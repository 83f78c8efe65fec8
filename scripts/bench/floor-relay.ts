// Floors of a proxy on Node, for one request at a time: what is left of the time that the router adds when it does nothing.
// `node floor-relay.ts bytes PORT` passes bytes between sockets and knows no HTTP; `http` has our HTTP/1.1 on both sides and nothing
// between: no authorization, JSON, route, books.
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { createHttpClient, parseTarget } from '../../packages/kit/src/http-client.ts';
import { putLane } from '../../packages/kit/src/http1/server-lane.ts';

const [kind, port] = process.argv.slice(2);

const server: Server = kind === 'bytes' ? bytesRelay() : httpRelay();
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: (server.address() as AddressInfo).port })));

function bytesRelay(): Server {
  return createServer({ noDelay: true }, (client) => {
    const upstream = connect({ port: Number(port), host: '127.0.0.1', noDelay: true });
    client.on('data', (bytes) => upstream.write(bytes));
    upstream.on('data', (bytes) => client.write(bytes));
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const)
      one.on('error', () => {}).on('close', () => other.destroy());
  });
}

function httpRelay(): Server {
  const client = createHttpClient();
  const target = parseTarget(`http://127.0.0.1:${port}/v1/chat/completions`);
  const relay = createHttpServer((_request, response) => response.writeHead(501).end());
  putLane(relay, {
    keepAliveMs: 60_000,
    onOpen() {},
    onRest() {},
    onHandOver() {},
    isClosing: () => false,
    handler(request, response) {
      const pieces: Buffer[] = [];
      const headers = { 'content-type': 'application/json' };
      let answered = 502;
      client.exchange(
        { target, method: 'POST', headers, body: request.takeBody(), headersTimeoutMs: 0, bodyTimeoutMs: 0 },
        {
          head: (status) => {
            answered = status;
          },
          data: (piece) => void pieces.push(piece),
          end: () => response.writeHead(answered, headers).end(Buffer.concat(pieces)),
          error: () => response.writeHead(502).end(),
        },
      );
      return true;
    },
  });
  return relay;
}
