import { join, resolve } from 'node:path';
import { toError } from '../errors.ts';
import { openClient } from '../platform/db/connections/open.ts';
import { visitEmbeddedPostgres } from '../platform/db/visit-embedded.ts';
import { openStoredBytes } from '../platform/storage/stored-bytes.ts';
import { readConfig } from '../settings/config.ts';
import { reportNearMisses } from '../settings/near-misses.ts';
import { createPaper } from './paper.ts';
import { verifyAll } from './verify-all.ts';

// Verifies an installation without the server: `npm run verify`. The server may run meanwhile. It changes nothing.
// The exit code is 0 when there are no findings, and 1 when there are findings or something could not be checked.
reportNearMisses(process.env);
const paper = createPaper({
  isJson: process.argv.includes('--json'),
  write: (line) => process.stdout.write(`${line}\n`),
});
try {
  const config = readConfig(process.env);
  const directory = resolve(config.DATA_DIR);
  const visit = config.DATABASE_URL
    ? { url: config.DATABASE_URL, end: async () => undefined }
    : await visitEmbeddedPostgres(join(directory, 'postgres'));
  try {
    const client = await openClient(visit.url, 'verify', { timeoutMs: config.DATABASE_TIMEOUT_MS });
    await client.query('SET default_transaction_read_only = on');
    await verifyAll(client, paper, {
      anchors: join(directory, 'audit-anchors'),
      stored: openStoredBytes(join(directory, 'storage')),
    }).finally(() => client.end());
  } finally {
    await visit.end();
  }
  process.exitCode = paper.end();
} catch (error) {
  process.stderr.write(`The verification was aborted: ${toError(error).message}\n`);
  process.exitCode = 1;
}
