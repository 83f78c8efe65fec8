// The table of the run: a line for each client, a column for each kind of provider, and below what went wrong.
import type { Kind } from './rig.ts';

export interface Cell {
  client: string;
  kind: Kind;
  /** Checks that were made. */
  checks: number;
  skipped?: string;
  /** What failed, with the reason. */
  failures: string[];
}

export function tableOf(cells: readonly Cell[], kinds: readonly Kind[]): string {
  const clients = [...new Set(cells.map(({ client }) => client))];
  const rows = clients.map((client) => [
    client,
    ...kinds.map((kind) => wordFor(cells.find((cell) => cell.client === client && cell.kind === kind))),
  ]);
  const lines = [['client', ...kinds], ...rows];
  const widths = (lines[0] as string[]).map((_, column) => Math.max(...lines.map((line) => (line[column] as string).length)));
  const table = lines.map((line) =>
    line
      .map((text, column) => text.padEnd(widths[column] as number))
      .join('  ')
      .trimEnd(),
  );
  const skipped = new Set(cells.flatMap(({ client, skipped }) => (skipped === undefined ? [] : [`skip  ${client}: ${skipped}`])));
  const failed = cells.flatMap(({ client, kind, failures }) => failures.map((why) => `FAIL  ${client} × ${kind}: ${why}`));
  return [...table, '', ...skipped, ...failed].join('\n');
}

function wordFor(cell: Cell | undefined): string {
  if (cell === undefined) return '–';
  if (cell.skipped !== undefined) return 'skip';
  const { checks, failures } = cell;
  return failures.length === 0 ? `ok (${checks})` : `FAIL (${failures.length} of ${checks})`;
}

/** `N passed, N failed, N skipped`, counted in cells. */
export function countsOf(cells: readonly Cell[]): { passed: number; failed: number; skipped: number } {
  const skipped = cells.filter((cell) => cell.skipped !== undefined).length;
  const failed = cells.filter(({ failures }) => failures.length > 0).length;
  return { passed: cells.length - skipped - failed, failed, skipped };
}
