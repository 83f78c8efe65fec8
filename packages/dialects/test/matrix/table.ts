/** The matrix as a table for people: a row per pair of dialects, a column per scenario, whole and streamed. */
import type { Loss } from '../../src/dialect.ts';
import type { Cell } from './run.ts';
import { scenarios } from './scenario.ts';

/** The table, the footnotes of its letters, what failed, and the counts. */
export function tableOf(cells: readonly Cell[]): string {
  const notes = new Map<string, string>();
  const letterOf = (loss: Loss): string => {
    const note = `${loss.how} ${loss.field.replace(/\[\d+\]/g, '[n]')}: ${loss.why}`;
    const letter = notes.get(note) ?? String.fromCharCode(97 + notes.size);
    notes.set(note, letter);
    return letter;
  };
  const markOf = (cell: Cell | undefined): string => {
    if (cell === undefined) return '-';
    if (cell.failures.length > 0) return 'FAIL';
    return cell.excuses.length === 0 ? 'ok' : [...new Set(cell.excuses.map(letterOf))].join('');
  };
  const rows = new Map<string, Cell[]>();
  for (const cell of cells) {
    const row = `${cell.client} → ${cell.upstream}`;
    rows.set(row, [...(rows.get(row) ?? []), cell]);
  }
  const lines = [
    ['in → out', ...scenarios],
    ['', ...scenarios.map(() => 'whole/stream')],
  ];
  for (const [row, own] of rows) {
    const mark = (scenario: string, isStream: boolean) =>
      markOf(own.find((cell) => cell.scenario === scenario && cell.isStream === isStream));
    lines.push([row, ...scenarios.map((scenario) => `${mark(scenario, false)} / ${mark(scenario, true)}`)]);
  }
  const widths = (lines[0] as string[]).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const text = lines.map((line) =>
    line
      .map((word, column) => word.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const failed = cells.filter((cell) => cell.failures.length > 0);
  const excused = cells.filter((cell) => cell.failures.length === 0 && cell.excuses.length > 0);
  return [
    ...text,
    '',
    ...[...notes].map(([note, letter]) => `${letter}  ${note}`),
    ...failed.flatMap((cell) => [`FAIL ${nameOf(cell)}`, ...cell.failures.map((failure) => `     ${failure}`)]),
    '',
    `${cells.length} cells: ${cells.length - failed.length - excused.length} ok, ${excused.length} with a loss (see the letters), ${failed.length} failed`,
  ].join('\n');
}

export function nameOf(cell: Cell): string {
  return `${cell.client} → ${cell.upstream}, ${cell.scenario}, ${cell.isStream ? 'stream' : 'whole'}`;
}
