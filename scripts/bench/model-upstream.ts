// A model provider that costs as little as possible: canned answers of chat completions over raw sockets. A body that holds
// `"stream":true` gets 40 chunks, the first at once and then one every 10 ms; with `"user":"held"` the first alone. Announces its port on the first line.
import { createServer, type Socket } from 'node:net';

const text = 'The quick brown fox jumps over the lazy dog. '.repeat(14);
const whole = JSON.stringify({
  id: 'chatcmpl-bench',
  object: 'chat.completion',
  created: 1_790_000_000,
  model: 'bench-1',
  choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 120, completion_tokens: 140, total_tokens: 260, prompt_tokens_details: { cached_tokens: 64 } },
});
const answer = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(whole)}\r\n\r\n${whole}`,
);
const models = '{"object":"list","data":[{"id":"bench-1","object":"model","created":1,"owned_by":"bench"}]}';
const list = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${models.length}\r\n\r\n${models}`,
);

const chunksPerStream = 40;
const chunkEveryMs = 10;
const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';
const chunk = (event: string) => `${Buffer.byteLength(event).toString(16)}\r\n${event}\r\n`;
const delta = (content: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1_790_000_000, model: 'bench-1', choices: [{ index: 0, delta: content, finish_reason: finish }] })}\n\n`;
const first = Buffer.from(head + chunk(delta({ role: 'assistant', content: 'The ' })));
const middle = Buffer.from(chunk(delta({ content: 'quick brown ' })));
const usage = `data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1790000000,"model":"bench-1","choices":[],"usage":{"prompt_tokens":120,"completion_tokens":40,"total_tokens":160}}\n\n`;
const last = Buffer.from(`${chunk(delta({}, 'stop'))}${chunk(usage)}${chunk('data: [DONE]\n\n')}0\r\n\r\n`);

function stream(socket: Socket): void {
  socket.write(first);
  let sent = 1;
  const timer = setInterval(() => {
    if (socket.destroyed) return clearInterval(timer);
    sent += 1;
    if (sent <= chunksPerStream) return void socket.write(middle);
    clearInterval(timer);
    socket.write(last);
  }, chunkEveryMs);
}

const server = createServer({ noDelay: true }, (socket) => {
  let parts: Buffer[] = [];
  let wanted = 0;
  let size = 0;
  socket.on('error', () => {});
  socket.on('data', (piece: Buffer) => {
    parts.push(piece);
    size += piece.length;
    if (size < wanted) return;
    const all = parts.length === 1 ? piece : Buffer.concat(parts);
    parts = [all];
    const headEnd = all.indexOf('\r\n\r\n');
    if (headEnd === -1) return;
    const requestHead = all.toString('latin1', 0, headEnd);
    wanted = headEnd + 4 + Number(/content-length: *(\d+)/i.exec(requestHead)?.[1] ?? 0);
    if (size < wanted) return;
    parts = [];
    size = 0;
    wanted = 0;
    if (requestHead.startsWith('GET')) socket.write(list);
    else if (all.includes('"user":"held"', headEnd)) socket.write(first);
    else if (all.includes('"stream":true', headEnd)) stream(socket);
    else socket.write(answer);
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  console.log(JSON.stringify({ port: typeof address === 'object' ? address?.port : 0 }));
});
