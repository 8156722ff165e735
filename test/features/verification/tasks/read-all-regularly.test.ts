import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { fromGlobalId } from '../../../../src/platform/reads/global-id.ts';
import { blobKey } from '../../../../src/platform/storage/blob-key.ts';
import { Dramatis, eventually } from '../../../support/dramatis.ts';
import { tamper } from '../../../support/verified.ts';

let dramatis: Dramatis;
let project: string;
beforeAll(async () => {
  dramatis = await Dramatis.start({ environment: { AUDIT_ANCHOR_EVERY_MS: '150' } });
  // Another one beside it: they share the work.
  await dramatis.startServer();
  const { projectId, characterId } = await dramatis.cast();
  project = fromGlobalId('Project', projectId);
  await dramatis.settle(await dramatis.generate(characterId));
});
afterAll(() => dramatis.stop());

const each = 'startedAt endedAt read findingCount findings { kind project subject message }';
async function passes() {
  const { reconciliation } = await dramatis.get(
    `{ reconciliation(first: 1) { verification { findingCount
      entryPasses { current { ${each} } ended { ${each} } } picturePasses { current { ${each} } ended { ${each} } } } } }`,
  );
  return reconciliation.verification;
}

/** Passes that have begun after this was asked, and have ended. */
async function readAgain() {
  await dramatis.database.query("DELETE FROM settings WHERE name LIKE 'verification-of-%'");
  return eventually('both passes', async () => {
    const told = await passes();
    return told?.entryPasses.ended && told.picturePasses.ended ? told : null;
  });
}

it('tells when everything was read, and that it fits', async () => {
  const [count] = await dramatis.database.query(
    'SELECT (SELECT count(*)::int FROM audit_entries) AS entries, (SELECT count(*)::int FROM images) AS images',
  );
  const { entryPasses, picturePasses } = await readAgain();
  expect(entryPasses.ended).toMatchObject({ read: count?.entries, findingCount: 0, findings: [] });
  expect(picturePasses.ended).toMatchObject({ read: count?.images, findingCount: 0, findings: [] });
  expect(Date.parse(picturePasses.ended.endedAt)).toBeGreaterThanOrEqual(
    Date.parse(picturePasses.ended.startedAt),
  );
});

it('finds a changed entry before the anchor, and a changed picture, by itself', async () => {
  const [image] = await dramatis.database.query('SELECT id, sha256 FROM images LIMIT 1');
  const path = join(dramatis.environment.DATA_DIR ?? '', 'storage', blobKey(project, String(image?.sha256)));
  const bytes = await readFile(path);
  await writeFile(path, Buffer.concat([bytes, Buffer.from('x')]));
  await tamper(
    dramatis.database.url,
    "UPDATE audit_entries SET action = 'MEMBER_REMOVED' WHERE sequence = 2",
  );
  const { findingCount, entryPasses, picturePasses } = await readAgain();
  // The regular verification looks at the newest entries and at the books.
  expect(findingCount).toBe(0);
  expect(entryPasses.ended.findings).toMatchObject([{ kind: 'AUDIT_ENTRY_CHANGED', project, subject: '2' }]);
  expect(picturePasses.ended.findings).toMatchObject([
    { kind: 'PICTURE_CHANGED', project, subject: `image ${image?.id}` },
  ]);
  const told = dramatis.secrets.logged.map((line) => JSON.parse(line));
  for (const pass of ['ENTRIES', 'PICTURES'])
    expect(told).toContainEqual(
      expect.objectContaining({ level: 'error', msg: 'stored data does not fit', pass, findingCount: 1 }),
    );
});
