import type { TaskContext } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/connect.ts';
import { locks } from '../../platform/db/locks.ts';
import { underLock } from '../../platform/db/under-lock.ts';
import { type PauseWait, pauseWaits } from '../generations/waiting.ts';
import { pausesInForce } from '../provider/provider-pause.ts';
import { type Change, type Incident, judgeIncidents } from './judge-incidents.ts';

const lock = { key: locks.incidents };

/**
 * Brings the incidents in line with the pauses in force, and says in the log what began and what ended: once, whichever
 * process finds out. Resolves to the incidents, those that have ended too; null when another process is at it.
 */
export async function keepIncidents({
  db,
  log,
}: Pick<TaskContext, 'db' | 'log'>): Promise<Incident[] | null> {
  const kept = await underLock(db, lock, async (tx, now) => {
    const incidents = await readIncidents(tx);
    const changes = judgeIncidents(now, await pausesInForce({ db: tx }), incidents);
    for (const change of changes) await write(tx, change);
    return { changes, incidents: changes.length > 0 ? await readIncidents(tx) : incidents };
  });
  for (const change of kept?.changes ?? []) logChange(log, change);
  return kept?.incidents ?? null;
}

async function readIncidents(tx: Transaction): Promise<Incident[]> {
  const rows = await tx.providerIncident.findMany();
  return rows.flatMap(({ providerAccount: account, reason: name, ...row }) => {
    // Other reasons are those of a newer version.
    const reason = pauseWaits.find((each) => each === name);
    return reason === undefined ? [] : [{ ...row, account, reason }];
  });
}

async function write(tx: Transaction, { kind, incident }: Change): Promise<void> {
  const { account: providerAccount, ...row } = incident;
  const key = { providerAccount, reason: row.reason };
  if (kind === 'IS_FORGOTTEN') {
    // The incident stays until each project has the event of its end.
    await tx.providerIncident.deleteMany({ where: { ...key, notices: { none: {} } } });
    return;
  }
  const data = { ...row, providerAccount };
  await tx.providerIncident.upsert({
    where: { providerAccount_reason: key },
    create: data,
    update: data,
  });
}

/** What the log says when it begins, and when it is over. */
const words: Readonly<Record<PauseWait, readonly [begins: string, ends: string]>> = {
  PROVIDER_UNAVAILABLE: [
    'the provider is unavailable: runs wait until it answers',
    'the provider works again',
  ],
  PROVIDER_KEY: [
    'the provider refuses the key of an account: its runs wait',
    'the pause of an account whose key was refused is over',
  ],
  PROVIDER_CREDITS: [
    'an account at the provider has no credits: its runs wait',
    'the pause of an account without credits is over',
  ],
  PROVIDER_RATE_LIMIT: [
    'the provider limits the requests of an account: its runs wait',
    'the pause of an account whose requests were limited is over',
  ],
};

function logChange(log: TaskContext['log'], { kind, incident }: Change): void {
  const { account, reason, since, tries, clearedAt } = incident;
  const [begins, ends] = words[reason];
  if (kind === 'BEGINS') log.warn({ account, since, tries }, begins);
  if (kind !== 'ENDS' || clearedAt === null) return;
  const seconds = Math.round((clearedAt.getTime() - since.getTime()) / 1_000);
  log.info({ account, seconds, tries }, ends);
}
