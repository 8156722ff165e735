import type { Transaction } from '../../platform/db/connect.ts';

/** Whether the database has at least one picture. */
export async function hasImages(tx: Transaction): Promise<boolean> {
  return (await tx.image.findFirst({ select: { id: true } })) !== null;
}
