import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { readResults, summary } from '../../bench/report.ts';

it('README.md shows three of the figures that were measured, as they were', async () => {
  const table = summary(await readResults());
  expect(table.split('\n')).toHaveLength(2 + 3);
  expect(readFileSync('README.md', 'utf8')).toContain(`<!-- bench -->\n\n${table}\n\n<!-- /bench -->`);
});
