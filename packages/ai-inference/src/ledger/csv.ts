/** Rows of the ledger as CSV (RFC 4180). */
import type { LedgerRow } from './ledger.ts';

/** A line of names, then the rows in their order; `timeMs` as a date. */
export function csvOf(columns: readonly (keyof LedgerRow)[], rows: readonly LedgerRow[]): string {
  const names = columns.map((column) => (column === 'timeMs' ? 'time' : column));
  const fieldsOf = (row: LedgerRow) =>
    columns.map((column) => csvField(column === 'timeMs' ? new Date(row.timeMs).toISOString() : row[column]));
  return [names, ...rows.map(fieldsOf)].map((fields) => `${fields.join(',')}\r\n`).join('');
}

/** Spreadsheets run what begins with = + - @: names come from clients. */
function csvField(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
