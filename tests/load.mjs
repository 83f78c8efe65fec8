// Sends 50 requests a second over kept-alive connections until STOP_FILE appears; prints { ok, failed, errors }.
// ANSWERED_FILE grows by a byte with every good answer, so that a test can wait for work instead of time.
// node load.mjs URL BODY-or-empty STOP_FILE [ANSWERED_FILE]
import { appendFileSync, existsSync } from 'node:fs';
import { Agent, request } from 'node:http';

const [url, body, stopFile, answeredFile] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: 32 });
const result = { ok: 0, failed: 0, errors: {} };
const open = new Set();

function succeed() {
  result.ok++;
  if (answeredFile) appendFileSync(answeredFile, '.');
}

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
          response.statusCode === 200 ? succeed() : fail(`${response.statusCode} ${text.slice(0, 200)}`),
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
