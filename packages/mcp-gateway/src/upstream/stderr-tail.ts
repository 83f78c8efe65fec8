/** The last lines a server wrote to stderr: bounded in lines and line length, kept for people who ask why. */
import type { Readable } from 'node:stream';

const maxLines = 50;
const maxLineChars = 2000;

export class StderrTail {
  readonly #lines: string[] = [];
  #rest = '';

  /** Reads the stream to its end; `onLine` sees every line as it comes. */
  attach(stream: Readable, onLine?: (line: string) => void): void {
    stream.setEncoding('utf8');
    stream.on('error', () => {});
    stream.on('data', (text: string) => {
      const parts = (this.#rest + text).split('\n');
      this.#rest = (parts.pop() ?? '').slice(0, maxLineChars);
      for (const part of parts) {
        const line = part.trimEnd().slice(0, maxLineChars);
        if (line === '') continue;
        this.#lines.push(line);
        if (this.#lines.length > maxLines) this.#lines.shift();
        onLine?.(line);
      }
    });
  }

  /** Oldest first, an unfinished last line included. */
  lines(): string[] {
    return this.#rest === '' ? [...this.#lines] : [...this.#lines, this.#rest];
  }
}
