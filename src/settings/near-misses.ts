import { distance } from 'fastest-levenshtein';
import { settingNames } from './config.ts';
import { scriptVariables } from './script-variables.ts';

const ownNames = [...settingNames, ...scriptVariables];
/**
 * Variables of other programs (Mesos, a packaged Postgres, Xcode) whose names are similar to ours. The variables of
 * shells and npm are not similar, so they are not listed.
 */
const foreign = /^(PORTS?\d*|POSTGRESQL_\w+|SIMULATOR_UDID)$/;
/** A variable with this prefix was meant for this program. */
const ownPrefix = /^SEGMIND_/i;
const longName = 8;

/** A variable that is set and not read, and the setting that was probably meant: null when only the prefix is ours. */
export interface NearMiss {
  readonly name: string;
  readonly meant: string | null;
}

/** Finds variables that look like a misspelled setting. Of their values only emptiness is checked. */
export function findNearMisses(variables: Readonly<Record<string, string | undefined>>): NearMiss[] {
  return Object.entries(variables).flatMap(([name, value]) => {
    if (!value || ownNames.includes(name) || foreign.test(name)) return [];
    const meant = ownNames.find((own) => isNear(name, own)) ?? null;
    return meant !== null || ownPrefix.test(name) ? [{ name, meant }] : [];
  });
}

/** All near misses in one line; null when there are none. */
export function describeNearMisses(misses: readonly NearMiss[]): string | null {
  if (misses.length === 0) return null;
  const each = misses.map(({ name, meant }) => (meant === null ? name : `${name} (did you mean ${meant}?)`));
  return `set, but not read by Dramatis: ${each.join(', ')}`;
}

/** Writes the near misses to the error stream. The server logs them instead; this is for the other programs. */
export function reportNearMisses(variables: Readonly<Record<string, string | undefined>>): void {
  const text = describeNearMisses(findNearMisses(variables));
  if (text !== null) process.stderr.write(`${text}\n`);
}

/** Whether a name may be a misspelling of ours: another case, no underscores, letters swapped, missing or wrong. */
function isNear(name: string, own: string): boolean {
  const [ours, theirs] = [letters(own), letters(name)];
  const mostChanges = ours.length < longName ? 1 : 2;
  return distance(ours, theirs) <= mostChanges || sorted(ours) === sorted(theirs);
}

const letters = (name: string) => name.toUpperCase().replace(/[^A-Z0-9]/g, '');
const sorted = (text: string) => [...text].sort().join('');
