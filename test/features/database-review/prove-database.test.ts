import { describe, expect, it } from '@jest/globals';
import {
  DatabaseWentBack,
  refuseUnproven,
  ServerChanged,
} from '../../../src/features/database-review/prove-database.ts';
import { IntentNotes, type NotedIntent } from '../../../src/platform/storage/intent-notes.ts';

const intent = (token: string, more: Partial<NotedIntent> = {}): NotedIntent => ({
  token,
  generationId: `run of ${token}`,
  server: 'present',
  isCommitted: true,
  ...more,
});

interface Case {
  readonly mine?: readonly NotedIntent[];
  readonly others?: readonly NotedIntent[];
  readonly missing?: readonly string[];
  readonly database?: string | null;
}

/** What the intent of the run `own` comes to, on the Postgres `present`. */
function outcome({ mine = [], others = [], missing = [], database = '' }: Case): string {
  const intentNotes = new IntentNotes('/nowhere');
  const own = intent('own', { generationId: 'own', isCommitted: false });
  const notes = { mine: [own, ...mine], others };
  try {
    refuseUnproven({ intentNotes }, notes, { database, server: 'present', missing }, ['own']);
    return 'PROVEN';
  } catch (error) {
    if (error instanceof DatabaseWentBack) return 'WENT_BACK';
    if (error instanceof ServerChanged) return 'SERVER_CHANGED';
    throw error;
  }
}

describe('a submit is proved', () => {
  it.each<[string, Case]>([
    ['where nothing is noted', {}],
    ['where everything that is noted is known', { mine: [intent('a')], others: [intent('b')] }],
    [
      'though another run of this process is being handed over',
      { mine: [intent('a', { isCommitted: false })], missing: ['a'] },
    ],
    [
      'though another process is handing a run over on the same server',
      { others: [intent('a', { isCommitted: false })], missing: ['a'] },
    ],
    [
      'though another process tries the same run on the same server: only one of them commits',
      { others: [intent('a', { isCommitted: false, generationId: 'own' })], missing: ['a'] },
    ],
    [
      'though it cannot be told what became of another run on another server',
      { others: [intent('a', { isCommitted: false, server: 'before' })], missing: ['a'] },
    ],
    [
      'where the same run was begun on another server, and that is known',
      { others: [intent('a', { isCommitted: false, server: 'before', generationId: 'own' })] },
    ],
  ])('%s', (_, given) => expect(outcome(given)).toBe('PROVEN'));
});

describe('the database needs a review', () => {
  it.each<[string, Case]>([
    ['where an intent of this process is missing', { mine: [intent('a')], missing: ['a'] }],
    ['where one of another process is missing', { others: [intent('a')], missing: ['a'] }],
    [
      'where one is missing that was committed on another server',
      { others: [intent('a', { server: 'before' })], missing: ['a'] },
    ],
    [
      'where the same run may have been handed over on another server',
      {
        others: [intent('a', { isCommitted: false, server: 'before', generationId: 'own' })],
        missing: ['a'],
      },
    ],
    ['where it has another name', { database: 'another' }],
    ['where it has none', { database: null }],
  ])('%s', (_, given) => expect(outcome(given)).toBe('WENT_BACK'));
});

it('an intent that was noted for the server before is noted anew, and then passes', () => {
  const intentNotes = new IntentNotes('/nowhere');
  intentNotes.server = 'before';
  const standing = { database: '', server: 'present', missing: [] };
  const noted = (server: string) => ({
    mine: [intent('own', { generationId: 'own', isCommitted: false, server })],
    others: [],
  });
  expect(() => refuseUnproven({ intentNotes }, noted('before'), standing, ['own'])).toThrow(ServerChanged);
  expect(intentNotes.server).toBe('present');
  // Others that were noted before that was known are refused as well.
  expect(() => refuseUnproven({ intentNotes }, noted('before'), standing, ['own'])).toThrow(ServerChanged);
  refuseUnproven({ intentNotes }, noted('present'), standing, ['own']);
});
