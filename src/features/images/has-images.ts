import type { Transaction } from '../../platform/db/connect.ts';

/** Whether the database has any picture. */
export async function hasImages(tx: Transaction): Promise<boolean> {
  return (await tx.image.findFirst({ select: { id: true } })) !== null;
}
