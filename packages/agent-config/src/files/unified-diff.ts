/** Differences of two texts in unified format, as `diff -u` and `git diff` write them. Pure. */

const contextLines = 3;

interface Step {
  kind: ' ' | '-' | '+';
  line: string;
}

/** The difference with the two names on top; the empty string for equal texts. `undefined` is a file that is not there. */
export function unifiedDiff(name: string, before: string | undefined, after: string): string {
  if (before === after) return '';
  const steps = stepsOf(linesOf(before ?? ''), linesOf(after));
  const hunks = hunksOf(steps);
  const from = before === undefined ? '/dev/null' : name;
  return [`--- ${from}`, `+++ ${name}`, ...hunks].join('\n').concat('\n');
}

/** Lines with a mark where the last one does not end, and line ends of Windows made visible as they are. */
function linesOf(text: string): string[] {
  if (text === '') return [];
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  else lines.push(`${lines.pop()}\n\\ No newline at end of file`);
  return lines;
}

/** The longest common subsequence between the parts that both texts share at their start and end. */
function stepsOf(a: readonly string[], b: readonly string[]): Step[] {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const same = (lines: readonly string[]): Step[] => lines.map((line) => ({ kind: ' ', line }));
  return [
    ...same(a.slice(0, head)),
    ...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...same(a.slice(a.length - tail)),
  ];
}

/** Where the product of both sides is larger, the middle is shown as all old, then all new: still true, only longer. */
const largestTable = 4_000_000;

function middle(a: readonly string[], b: readonly string[]): Step[] {
  const whole = [...a.map((line): Step => ({ kind: '-', line })), ...b.map((line): Step => ({ kind: '+', line }))];
  if (a.length === 0 || b.length === 0 || a.length * b.length > largestTable) return whole;
  const width = b.length + 1;
  const lengths = new Uint32Array((a.length + 1) * width);
  const at = (row: number, column: number) => lengths[row * width + column] as number;
  for (let row = a.length - 1; row >= 0; row--) {
    for (let column = b.length - 1; column >= 0; column--) {
      const next = a[row] === b[column] ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1));
      lengths[row * width + column] = next;
    }
  }
  const steps: Step[] = [];
  let row = 0;
  let column = 0;
  while (row < a.length || column < b.length) {
    if (row < a.length && column < b.length && a[row] === b[column]) {
      steps.push({ kind: ' ', line: a[row++] as string });
      column++;
    } else if (column === b.length || (row < a.length && at(row + 1, column) >= at(row, column + 1))) {
      steps.push({ kind: '-', line: a[row++] as string });
    } else steps.push({ kind: '+', line: b[column++] as string });
  }
  return steps;
}

function hunksOf(steps: readonly Step[]): string[] {
  const changed = steps.flatMap(({ kind }, index) => (kind === ' ' ? [] : [index]));
  const ranges: [number, number][] = [];
  for (const index of changed) {
    const from = Math.max(0, index - contextLines);
    const to = Math.min(steps.length, index + contextLines + 1);
    const last = ranges.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = to;
    else ranges.push([from, to]);
  }
  return ranges.map(([from, to]) => hunk(steps, from, to));
}

function hunk(steps: readonly Step[], from: number, to: number): string {
  const count = (part: readonly Step[], without: '+' | '-') => part.filter(({ kind }) => kind !== without).length;
  const before = steps.slice(0, from);
  const part = steps.slice(from, to);
  const side = (without: '+' | '-') => {
    const length = count(part, without);
    return `${count(before, without) + (length === 0 ? 0 : 1)},${length}`;
  };
  return [`@@ -${side('+')} +${side('-')} @@`, ...part.map(({ kind, line }) => kind + line)].join('\n');
}
