// Connects to an MCP server's socket COUNT times, PARALLEL at a time. Every connection asks the server to initialize, has to get
// its answer, and ends; what the server does then is its own end. Prints { answered, failed, errors }.
// node connections.mjs SOCKET COUNT PARALLEL
import { connect } from 'node:net';

const [socket, count, parallel] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const hello = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
};
const result = { answered: 0, failed: 0, errors: {} };
let begun = 0;

/** One connection from beginning to end: resolves to nothing, or to why it failed. */
function converse() {
  return new Promise((resolve) => {
    let text = '';
    let answered = false;
    const connection = connect(socket, () => connection.write(`${JSON.stringify(hello)}\n`));
    connection.on('data', (chunk) => {
      text += chunk;
      if (answered || !text.includes('\n')) return;
      answered = JSON.parse(text.slice(0, text.indexOf('\n'))).result?.serverInfo !== undefined;
      connection.end();
    });
    connection.on('error', (error) => resolve(error.code ?? error.message));
    connection.on('close', () => resolve(answered ? undefined : `closed after ${JSON.stringify(text.slice(0, 200))}`));
  });
}

async function work() {
  while (begun < count) {
    begun++;
    const why = await converse();
    if (why === undefined) result.answered++;
    else {
      result.failed++;
      result.errors[why] = (result.errors[why] ?? 0) + 1;
    }
  }
}

await Promise.all(Array.from({ length: parallel }, work));
console.log(JSON.stringify(result));
