import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { IntentNotes } from '../../../src/platform/storage/intent-notes.ts';
import { eventually } from '../../support/eventually.ts';

const database = randomUUID();
let directory: string;
let opened: IntentNotes[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dramatis-notes-'));
  opened = [];
});
afterEach(async () => {
  for (const notes of opened) await notes.close();
  await rm(directory, { recursive: true, force: true });
});

/** The notes of another process on the same folder. */
async function open(name = database, server = 'first'): Promise<IntentNotes> {
  const notes = new IntentNotes(directory);
  opened.push(notes);
  await notes.belongTo(name, server);
  return notes;
}

const intent = () => ({ token: randomUUID(), generationId: randomUUID() });
const files = async () => (await readdir(join(directory, database))).sort();
const tokens = (intents: readonly { token: string }[]) => intents.map(({ token }) => token).sort();

/** What another process reads, once what was told in the background is on the disk. */
async function seenByOthers(notes: IntentNotes) {
  await notes.close();
  return (await (await open()).read()).others;
}

describe('an intent', () => {
  it('is on the disk before it is committed, for every process on the folder', async () => {
    const [notes, other] = [await open(), await open()];
    const first = intent();
    await notes.begin(first);
    const noted = { ...first, server: 'first', isCommitted: false };
    expect(await other.read()).toEqual({ mine: [], others: [noted] });
    expect(await notes.read()).toEqual({ mine: [expect.objectContaining(noted)], others: [] });
    notes.commit(first.token);
    expect(await seenByOthers(notes)).toEqual([{ ...noted, isCommitted: true }]);
  });

  it('is dropped once one that began after its commit is committed, and not by one that began before', async () => {
    const notes = await open();
    const [first, beside, later] = [intent(), intent(), intent()];
    await notes.begin(first);
    await notes.begin(beside);
    notes.commit(first.token);
    await notes.begin(later);
    notes.commit(beside.token);
    expect(tokens(await seenByOthers(notes))).toEqual(tokens([first, beside, later]));
    notes.commit(later.token);
    expect(tokens(await seenByOthers(notes))).toEqual(tokens([beside, later]));
  });

  it('that was not made is gone', async () => {
    const notes = await open();
    const first = intent();
    await notes.begin(first);
    await notes.drop(first.token);
    expect(await seenByOthers(notes)).toEqual([]);
  });

  it('that cannot be noted is refused, and nothing remains of it', async () => {
    const notes = await open();
    await rm(join(directory, database), { recursive: true });
    await writeFile(join(directory, database), 'in the place of the folder');
    await expect(notes.begin(intent())).rejects.toThrow(/EEXIST|ENOTDIR/);
    await notes.belongTo(randomUUID(), 'first');
    expect(await notes.read()).toEqual({ mine: [], others: [] });
  });

  it('of another database means nothing', async () => {
    const notes = await open();
    await notes.begin(intent());
    const other = new IntentNotes(directory);
    opened.push(other);
    expect(await other.belongTo(randomUUID(), 'first')).toBe(true);
    expect(await other.read()).toEqual({ mine: [], others: [] });
    // Nor does one of a database that this process had before.
    await notes.belongTo(randomUUID(), 'first');
    expect(await notes.read()).toEqual({ mine: [], others: [] });
  });
});

it('many at once share few files, each reader sees each process whole, and no scraps are left', async () => {
  const [notes, other] = [await open(), await open()];
  const all = Array.from({ length: 200 }, intent);
  const begun = Promise.all(all.map((each) => notes.begin(each)));
  let isDone = false;
  const reading = (async () => {
    let most = 0;
    while (!isDone) {
      const { length } = (await other.read()).others;
      expect(length).toBeGreaterThanOrEqual(most);
      most = length;
    }
  })();
  await begun;
  isDone = true;
  await reading;
  expect(tokens((await other.read()).others)).toEqual(tokens(all));
  expect(await files()).toHaveLength(1);
});

describe('a folder that is removed while processes run is made again', () => {
  it('with what the next one notes', async () => {
    const [notes, other] = [await open(), await open()];
    await rm(directory, { recursive: true });
    const first = intent();
    await notes.begin(first);
    expect(tokens((await other.read()).others)).toEqual([first.token]);
  });

  it('with what each process has noted, as soon as it looks', async () => {
    const [notes, other] = [await open(), await open()];
    const [first, second] = [intent(), intent()];
    await notes.begin(first);
    await other.begin(second);
    await rm(join(directory, database), { recursive: true });
    await notes.read();
    await other.read();
    const reader = await open();
    await eventually('both to be noted again', async () => {
      const { others } = await reader.read();
      return tokens(others).join() === tokens([first, second]).join();
    });
  });

  it('with the accounts that are used from then on, also those that were noted a moment ago', async () => {
    const notes = await open();
    const used = { projectId: 'project', account: 'account' };
    await notes.noteAccount(used);
    await rm(join(directory, database, 'accounts'), { recursive: true });
    await notes.noteAccount(used);
    expect(await notes.accountsOf(database)).toEqual([expect.objectContaining(used)]);
  });
});

describe('notes of a process that is gone', () => {
  it('are taken over where every intent is settled, and what is known stays noted', async () => {
    const [dead, half, next] = [await open(), await open(), await open()];
    const [known, idle, open1] = [intent(), intent(), intent()];
    for (const each of [known, idle]) await dead.begin(each);
    await half.begin(open1);
    await next.read();
    await next.adopt(new Set([known.token]), new Set([idle.token]));
    expect(tokens((await next.read()).mine)).toEqual([known.token]);
    expect(tokens((await next.read()).others)).toEqual([open1.token]);
    expect(await files()).toHaveLength(2);
    // The next intent proves them, and they are dropped.
    const newest = intent();
    await next.begin(newest);
    next.commit(newest.token);
    await eventually('one file to say so', async () => {
      const { others } = await half.read();
      return tokens(others).join() === newest.token;
    });
  });

  it('that cannot be read stop everything, and the message tells which file', async () => {
    const notes = await open();
    await notes.begin(intent());
    const [name = ''] = await files();
    await writeFile(
      join(directory, database, name),
      (await readFile(join(directory, database, name))).subarray(9),
    );
    await expect((await open()).read()).rejects.toThrow(`${name} cannot be read`);
  });
});
