/** How a text ends and indents its lines, so that what is added looks like what is there. */

/** `\r\n` where the first line ends so, `\n` otherwise. */
export function lineEndOf(text: string): '\n' | '\r\n' {
  return /\r?\n/.exec(text)?.[0] === '\r\n' ? '\r\n' : '\n';
}

/** Spaces and tabs at the start of the line that holds the offset. */
export function indentAt(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(lineStart(text, offset)))?.[0] ?? '';
}

/** Offset of the first character of the line that holds the offset. */
export function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

/** Offset behind the line end of the line that holds the offset; the end of the text for the last line. */
export function lineEnd(text: string, offset: number): number {
  const end = text.indexOf('\n', offset);
  return end < 0 ? text.length : end + 1;
}

/** One step of indentation: the first indented line's, two spaces where there is none. */
export function indentStep(text: string): string {
  return /\n([ \t]+)\S/.exec(text)?.[1] ?? '  ';
}

/** A text with `[from, to)` replaced. */
export function spliced(text: string, from: number, to: number, insert: string): string {
  return text.slice(0, from) + insert + text.slice(to);
}

/** A text with whole lines put in at the start of a line, or at the end of a text whose last line does not end. */
export function insertLines(text: string, at: number, lines: string): string {
  const isOpen = at === text.length && at > 0 && !text.endsWith('\n');
  return spliced(text, at, at, isOpen ? lineEndOf(text) + lines.replace(/\r?\n$/, '') : lines);
}

/** A text without the whole lines between two offsets. A text whose last line does not end keeps that. */
export function cutLines(text: string, from: number, to: number): string {
  const isOpen = to === text.length && !text.endsWith('\n');
  const before = isOpen ? text.slice(0, from).replace(/\r?\n$/, '') : text.slice(0, from);
  return before + text.slice(to);
}

/** A text with whole lines in the place of others. A text whose last line does not end keeps that. */
export function replaceLines(text: string, from: number, to: number, lines: string): string {
  const isOpen = to === text.length && !text.endsWith('\n');
  return spliced(text, from, to, isOpen ? lines.replace(/\r?\n$/, '') : lines);
}
