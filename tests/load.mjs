// Sends 50 requests a second over kept-alive connections until the file named last appears; prints { ok, failed, errors }.
// node load.mjs URL BODY-or-empty STOP_FILE
import { existsSync } from 'node:fs';
import { Agent, request } from 'node:http';

const [url, body, stopFile] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: 32 });
const result = { ok: 0, failed: 0, errors: {} };
const open = new Set();

function fail(why) {
  result.failed++;
  result.errors[why] = (result.errors[why] ?? 0) + 1;
}

function send() {
  const done = new Promise((resolve) => {
    const message = request(
      url,
      { agent, method: body ? 'POST' : 'GET', headers: { 'content-type': 'application/json' } },
      (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('error', (error) => fail(error.code ?? error.message));
        response.on('close', resolve);
        response.on('end', () =>
          response.statusCode === 200 ? result.ok++ : fail(`${response.statusCode} ${text.slice(0, 200)}`),
        );
      },
    );
    message.on('error', (error) => {
      fail(error.code ?? error.message);
      resolve();
    });
    message.end(body || undefined);
  });
  open.add(done);
  done.then(() => open.delete(done));
}

const timer = setInterval(async () => {
  if (!existsSync(stopFile)) return send();
  clearInterval(timer);
  await Promise.all(open);
  console.log(JSON.stringify(result));
  process.exit(0);
}, 20);
