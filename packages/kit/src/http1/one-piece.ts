/** A head and a body of bytes in one write, where that costs less than two. */
import type { Socket } from 'node:net';

/** Beyond this a copy costs more than a second piece. */
export const onePieceBytes = 16 * 1024;

/** `body`: bytes, or a text that is all ASCII. `done` is told when all has been handed to the system. */
export function writeInOne(socket: Socket, head: string, body: Buffer | string, done?: (error?: Error | null) => void): void {
  if (typeof body === 'string') socket.write(head + body, 'latin1', done);
  // Latin-1 text is bytes by another name.
  else if (body.length <= onePieceBytes) socket.write(head + body.toString('latin1'), 'latin1', done);
  else {
    socket.cork();
    socket.write(head, 'latin1');
    socket.write(body, done);
    socket.uncork();
  }
}
