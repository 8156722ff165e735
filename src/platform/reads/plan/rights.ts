import type { Owner, Readable, Visibility } from '../readable.ts';
import { type Boundary, Extraordinary, type Run } from './plan.ts';

/** Asks whether the viewer may read what each owner has. Throws when not. Nothing is asked twice of the same owners. */
export async function enter(owned: Owner, { ctx }: Run, boundary: Boundary): Promise<void> {
  if (owned.rule === null || owned.rule === boundary.rule) return;
  await Promise.all(boundary.owners.map((owner) => owned.enter(ctx, owner)));
}

/** Where a plan may read after it has asked for these owners. Throws when the viewer may not read. */
export async function enterAll(readable: Readable, run: Run, owners: readonly string[]): Promise<Boundary> {
  const boundary = { column: readable.within, owners: [...new Set(owners)], rule: null };
  await enter(readable, run, boundary);
  return { ...boundary, rule: readable.rule };
}

/**
 * Whether the viewer may see something that is left out otherwise. Throws Extraordinary where that is so for some owners
 * only.
 */
export async function isAllowedFor(
  visible: Visibility | undefined,
  { ctx }: Run,
  { owners }: Boundary,
): Promise<boolean> {
  if (!visible) return true;
  const answers = await Promise.all(owners.map((owner) => visible.allows(ctx, owner)));
  if (new Set(answers).size > 1) throw new Extraordinary('The viewer may see this of some owners only.');
  return answers[0] ?? false;
}
