import type { Reading, Step } from './pass.ts';
import { readEntriesOn } from './pass-entries.ts';
import { readPicturesOn } from './pass-pictures.ts';
import { addStep, collectFindings, findPasses, keepPasses, newPass, type PassName } from './pass-state.ts';

/** The shortest time between the starts of two passes. */
const passEveryMs = 24 * 60 * 60 * 1_000;
/** The most findings that are logged. */
const mostLogged = 5;

const steps: Readonly<Record<PassName, Step>> = { ENTRIES: readEntriesOn, PICTURES: readPicturesOn };

/**
 * Takes the next step of a pass, and begins a pass when the time for it has come. Resolves to whether the pass
 * continues. The caller makes sure that no other process takes steps. A step that throws is taken again.
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
  const facts = { pass: name, read: state.read, findingCount, findings: findings.slice(0, mostLogged) };
  // Findings are logged once when the first is found, and once at the end, because there may be a million.
  if (findingCount > 0 && (isDone || before.findingCount === 0)) log.error(facts, 'stored data does not fit');
  if (isDone) log.info({ pass: name, read: state.read, findingCount }, 'everything was read again');
  return !isDone;
}
