import { distance } from 'fastest-levenshtein';
import { settingNames } from './config.ts';
import { scriptVariables } from './script-variables.ts';

const ownNames = [...settingNames, ...scriptVariables];
/** Near ours, and others': of Mesos, of a packaged Postgres, of Xcode. Those of shells, npm and the like are not near. */
const foreign = /^(PORTS?\d*|POSTGRESQL_\w+|SIMULATOR_UDID)$/;
/** A variable that begins so was meant for this program. */
const ownPrefix = /^SEGMIND_/i;
const longName = 8;

/** A variable that is set and is not read, and the setting that was probably meant: null where only the prefix is ours. */
export interface NearMiss {
  readonly name: string;
  readonly meant: string | null;
}

/** Finds variables that look like a misspelled setting. Their values are not looked at, save for being empty. */
export function findNearMisses(variables: Readonly<Record<string, string | undefined>>): NearMiss[] {
  return Object.entries(variables).flatMap(([name, value]) => {
    if (!value || ownNames.includes(name) || foreign.test(name)) return [];
    const meant = ownNames.find((own) => isNear(name, own)) ?? null;
    return meant !== null || ownPrefix.test(name) ? [{ name, meant }] : [];
  });
}

/** All of them in one line; null where there are none. */
export function describeNearMisses(misses: readonly NearMiss[]): string | null {
  if (misses.length === 0) return null;
  const each = misses.map(({ name, meant }) => (meant === null ? name : `${name} (did you mean ${meant}?)`));
  return `set, but not read by Dramatis: ${each.join(', ')}`;
}

/** Names them on the error stream: for the programs beside the server, which says it in its log. */
export function tellNearMisses(variables: Readonly<Record<string, string | undefined>>): void {
  const told = describeNearMisses(findNearMisses(variables));
  if (told !== null) process.stderr.write(`${told}\n`);
}

/** Whether a person may have written the one for the other: another case, no underscores, letters swapped, missing or wrong. */
function isNear(name: string, own: string): boolean {
  const [ours, theirs] = [letters(own), letters(name)];
  const mostChanges = ours.length < longName ? 1 : 2;
  return distance(ours, theirs) <= mostChanges || sorted(ours) === sorted(theirs);
}

const letters = (name: string) => name.toUpperCase().replace(/[^A-Z0-9]/g, '');
const sorted = (text: string) => [...text].sort().join('');
