import type { Cell } from '../../features/spend/portions.ts';

/*
 * Own code instead of the library csv-stringify, which took 28 % of the CPU of an export: it checks each value of each
 * row against options that are the same for all rows. `csv.test.ts` compares its result with the library's for each
 * kind of value. One value differs from the library's default: a text with a single line feed or carriage return gets
 * quotes. Without them, most readers would begin a new row there, and a formula at its start would be live.
 */

/** Line ends, quotes and commas: RFC 4180 requires quotes around a value that has one. */
const special = /[",\r\n]/;
/** The first characters that make a spreadsheet read a text as a formula, also in their full-width forms. */
const formula = /^[=+\-@\t\r\uFF1D\uFF0B\uFF0D\uFF20]/;

/** A line of CSV of RFC 4180. A text that a spreadsheet would read as a formula gets an apostrophe before it. */
export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

function csvCell(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell === 'number') return String(cell);
  const text = formula.test(cell) ? `'${cell}` : cell;
  return special.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
