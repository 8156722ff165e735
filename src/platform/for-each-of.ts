/*
 * Own code beside p-map, which rejects at the first failure while other items are still at work: what they hold (files,
 * memory) would be taken for free.
 */

/**
 * Does the work of each item, in their order, for `atOnce` of them at a time. After a failure nothing more is begun, and
 * this rejects with it once all that was under way has ended.
 */
export async function forEachOf<Item>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const left = items.values();
  const failures: unknown[] = [];
  const takeInTurn = async () => {
    for (const item of left) {
      if (failures.length > 0) return;
      await work(item).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, takeInTurn));
  if (failures.length > 0) throw failures[0];
}
