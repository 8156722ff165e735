import type { Reading, Step } from './pass.ts';
import { readEntriesOn } from './pass-entries.ts';
import { readPicturesOn } from './pass-pictures.ts';
import { addStep, collectFindings, findPasses, keepPasses, newPass, type PassName } from './pass-state.ts';

/** Between the starts of two passes, at the least. */
const passEveryMs = 24 * 60 * 60 * 1_000;
/** How many findings the log names. */
const mostLogged = 5;

const steps: Readonly<Record<PassName, Step>> = { ENTRIES: readEntriesOn, PICTURES: readPicturesOn };

/**
 * Takes the next step of a pass, and begins the pass if it is time to. Resolves to whether the pass goes on. The caller sees
 * to it that no other process takes steps. A step that throws has not been taken.
 */
export async function takeStep(reading: Reading, name: PassName): Promise<boolean> {
  const { client, log } = reading;
  const { passes, now } = await findPasses(client, name);
  const { ended } = passes;
  if (!passes.current && ended && now - ended.startedAt < passEveryMs) return false;
  const { place, ...before } = passes.current ?? { ...newPass(now), place: null };
  const { found, report } = collectFindings();
  const { next, read } = await steps[name](reading, place, report);
  const state = addStep(before, read, found.first, found.count);
  const isDone = next === null;
  const { now: endedAt } = await findPasses(client, name);
  await keepPasses(
    client,
    name,
    isDone ? { current: null, ended: { ...state, endedAt } } : { current: { ...state, place: next }, ended },
  );
  const { findingCount, findings } = state;
  const told = { pass: name, read: state.read, findingCount, findings: findings.slice(0, mostLogged) };
  // When it begins, and all of it at the end: there may be a million.
  if (findingCount > 0 && (isDone || before.findingCount === 0))
    log.error(told, 'what is stored does not fit');
  if (isDone) log.info({ pass: name, read: state.read, findingCount }, 'everything was read again');
  return !isDone;
}
