import { expect, it } from '@jest/globals';
import { stringify } from 'csv-stringify/sync';
import { csvLine } from '../../../src/server/files/csv.ts';

/** Beginnings, middles and ends that CSV or a spreadsheet gives a meaning. */
const marks = [
  '',
  '=',
  '+',
  '-',
  '@',
  '\t',
  '\r',
  '\n',
  '\r\n',
  '"',
  '""',
  "'",
  ',',
  ' ',
  '＝',
  '＋',
  '－',
  '＠',
  '|',
  ';',
  '\\',
  '🌊',
];
const texts = marks.flatMap((one) =>
  marks.flatMap((other) => [`${one}${other}`, `${one}a${other}`, `a${one}b${other}`]),
);

it('writes each value as csv-stringify does, with its protection against formulas and all line ends in quotes', () => {
  for (const text of texts) {
    const row = [text, null, -1.5, text];
    const options = { record_delimiter: 'windows', escape_formulas: true, quoted_match: /[\r\n]/ } as const;
    expect(csvLine(row)).toBe(stringify([row], options));
  }
});

it('keeps a text with a lone line feed in its row, so that no line of it begins with a formula', () => {
  expect(csvLine(['at the sea\n=HYPERLINK("http://evil.example")', 'b'])).toBe(
    '"at the sea\n=HYPERLINK(""http://evil.example"")",b\r\n',
  );
});

it('keeps the place of a value that is missing', () => {
  expect(csvLine([null, 'a', '', 1e21, 0])).toBe(',a,,1e+21,0\r\n');
});
