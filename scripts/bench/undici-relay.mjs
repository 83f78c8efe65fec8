// The least that a router on Node can be: a body read whole, sent with undici's dispatcher, the answer piped back. A floor to
// measure against, not a peer: it checks, counts and translates nothing. `node undici-relay.mjs UPSTREAM_URL`
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(join(import.meta.dirname, '..', '..', 'packages', 'kit', 'package.json'));
const { Pool } = require('undici');
const pool = new Pool(process.argv[2], { connections: 1024 });

createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const body = parts.length === 1 ? parts[0] : Buffer.concat(parts);
    pool.dispatch(
      { path: request.url, method: 'POST', headers: { 'content-type': 'application/json' }, body },
      {
        onRequestStart() {},
        onResponseStart(_controller, status, headers) {
          response.writeHead(status, {
            'content-type': headers['content-type'],
            ...(headers['content-length'] && { 'content-length': headers['content-length'] }),
          });
        },
        onResponseData(_controller, chunk) {
          response.write(chunk);
        },
        onResponseEnd() {
          response.end();
        },
        onResponseError() {
          response.destroy();
        },
      },
    );
  });
}).listen(0, '127.0.0.1', function listening() {
  console.log(JSON.stringify({ port: this.address().port }));
});
