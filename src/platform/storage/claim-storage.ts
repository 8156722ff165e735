import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, nullIfMissing, writeWhole } from '../../durable-file.ts';
import type { Database, Transaction } from '../db/connect.ts';
import { locks } from '../db/locks.ts';

/*
 * A folder of pictures has an identity, a file in it, and the database knows the identity of the folder that its pictures
 * are in. The file is missing where a volume is not mounted; it is another one where a process uses the wrong DATA_DIR.
 */

const fileName = '.identity';
/** The setting with the identity of the database's folder of pictures. */
export const storageIdentityName = 'storage-identity';

/** Gives a folder its identity where it has none. Resolves to the identity of the folder that the pictures are in. */
export type ClaimStorage = (root: string) => Promise<string>;

/** The folder is not the one that was used before. */
export class StorageMissing extends Error {
  override name = 'StorageMissing';
  readonly code = 'NOT_MOUNTED';
}

/** The identity in a folder; null when there is none. */
export async function readIdentity(root: string): Promise<string | null> {
  const text = await nullIfMissing(readFile(join(root, fileName), 'utf8'));
  return text?.trim() || null;
}

/** Whether the database names bytes that must be in the folder. */
type NamesBytes = (tx: Transaction) => Promise<boolean>;

/**
 * Claims folders for a database. Throws StorageMissing for an empty folder when the database has pictures: they are
 * somewhere else, and an empty folder must not take their place. One process at a time, since several may share a new
 * folder.
 */
export function claimFor(db: Database, namesBytes: NamesBytes): ClaimStorage {
  return (root) =>
    db.$transaction(async (tx) => {
      await tx.$queryRaw`SELECT true FROM pg_advisory_xact_lock(${locks.storageIdentity})`;
      const known = (await tx.setting.findUnique({ where: { name: storageIdentityName } }))?.value ?? null;
      const found = (await readIdentity(root)) ?? (await identify(tx, { root, known, namesBytes }));
      if (known !== null) return known;
      await tx.setting.create({ data: { name: storageIdentityName, value: found } });
      return found;
    });
}

async function identify(
  tx: Transaction,
  { root, known, namesBytes }: { root: string; known: string | null; namesBytes: NamesBytes },
): Promise<string> {
  const names = (await nullIfMissing(readdir(root))) ?? [];
  const hasPictures = names.includes('projects') || names.includes('blobs');
  if (!hasPictures && (await namesBytes(tx))) {
    const identity = known ?? randomUUID();
    throw new StorageMissing(
      `The database has pictures, and their folder ${root} is empty: mount it. If they are lost, write ${identity} into ${fileName} there.`,
    );
  }
  // An empty folder beside the known one is another one.
  const identity = hasPictures && known !== null ? known : randomUUID();
  await makeFolder(root);
  await writeWhole(join(root, fileName), `${identity}\n`, {
    temporary: join(root, `${fileName}.${randomUUID()}`),
  });
  return identity;
}
