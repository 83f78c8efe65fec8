/** Messages on standard input and output: one JSON text a line, of any length. */
import type { Readable, Writable } from 'node:stream';

/** The lines of a stream as they come, without their ends; the last one counts when the stream ends behind it. */
export async function* linesOf(input: Readable): AsyncGenerator<string> {
  let pieces: Buffer[] = [];
  for await (const chunk of input as AsyncIterable<Buffer>) {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      pieces.push(chunk.subarray(from, end));
      yield Buffer.concat(pieces).toString('utf8');
      pieces = [];
      from = end + 1;
    }
    if (from < chunk.length) pieces.push(chunk.subarray(from));
  }
  if (pieces.length > 0) yield Buffer.concat(pieces).toString('utf8');
}

/** Writes a message as one line. Resolves when the stream takes more; a line end within JSON is a blank, so none is lost. */
export async function writeLine(output: Writable, message: string): Promise<void> {
  const line = `${message.trim().replace(/[\r\n]+/g, ' ')}\n`;
  if (output.write(line)) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      output.off('drain', done);
      output.off('close', done);
      resolve();
    };
    output.on('drain', done);
    output.on('close', done);
  });
}
