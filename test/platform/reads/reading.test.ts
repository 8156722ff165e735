import { describe, expect, it } from '@jest/globals';
import { Forbidden, NotFound } from '../../../src/errors.ts';
import { moment, column as tableColumn, text } from '../../../src/platform/reads/column.ts';
import { toGlobalId } from '../../../src/platform/reads/global-id.ts';
import { newest } from '../../../src/platform/reads/list.ts';
import { Loaders } from '../../../src/platform/reads/loaders.ts';
import type { Readable } from '../../../src/platform/reads/readable.ts';
import type { Reader } from '../../../src/platform/reads/reader.ts';
import {
  column,
  connection,
  globalId,
  list,
  made,
  optionalRow,
  row,
} from '../../../src/platform/reads/reading.ts';
import { byId } from '../../../src/platform/reads/root-reading.ts';
import { table } from '../../../src/platform/reads/table.ts';
import { view } from '../../../src/platform/reads/view.ts';

interface ShelfRow {
  readonly id: string;
}
interface BookRow {
  readonly id: string;
  readonly shelfId: string;
  readonly lentTo: string | null;
  readonly addedAt: Date;
}

const bookView = view(
  table<BookRow>('books', {
    id: tableColumn('id', text),
    shelfId: tableColumn('shelf_id', text),
    lentTo: tableColumn('lent_to', text),
    addedAt: tableColumn('added_at', moment),
  }),
);
const booksOfShelf = newest(bookView, 'shelfId', 'addedAt');
const [shelfId, bookId] = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002'];
const book: BookRow = { id: bookId, shelfId, lentTo: null, addedAt: new Date(0) };

/** Shelves that only the reader called Ann may look at. */
const shelves: Readable<ShelfRow> = {
  view: view(table<ShelfRow>('shelves', { id: tableColumn('id', text) })),
  type: 'Project',
  owner: 'id',
  within: 'shelfId',
  rule: 'READ_SHELF',
  async enter(ctx: { readonly name?: string }) {
    if (ctx.name !== 'Ann') throw new NotFound('Project');
    return true;
  },
  async find(ctx: { readonly name?: string }, id: string) {
    await this.enter(ctx, id);
    return { id };
  },
};

/** A request, and the statements that it has made. */
function request(name: string) {
  const statements: string[] = [];
  const reader: Reader = {
    async read({ text: statement }) {
      statements.push(statement);
      return [['1', bookId, shelfId, null, '2026-11-01 12:00:00+00']];
    },
    readOne: () => Promise.reject(new Error('Resolvers read no single rows.')),
    readEach: () => Promise.reject(new Error('Resolvers read whole results.')),
    close: async () => undefined,
  };
  return { ctx: { name, reader, loaders: new Loaders() }, statements };
}

describe('a reading, as graphql-js calls it', () => {
  it('is a column, a global id, or what is made of columns', () => {
    const ctx = {};
    expect(column(bookView, 'lentTo').resolve(book, {}, ctx)).toBeNull();
    expect(globalId('Image').resolve(book, {}, ctx)).toBe(toGlobalId('Image', bookId));
    const age = made(bookView, ['addedAt'], ({ addedAt }, { in: unit }: { in: number }) => +addedAt / unit);
    expect(age.resolve(book, { in: 5 }, ctx)).toBe(0);
  });

  it('finds the row that a column or the argument names, by the rule of its table', async () => {
    const [ann, bob] = [request('Ann').ctx, request('Bob').ctx];
    const shelf = row(bookView, 'shelfId', shelves);
    expect(await shelf.resolve(book, {}, ann)).toEqual({ id: shelfId });
    await expect(shelf.resolve(book, {}, bob)).rejects.toThrow(NotFound);
    const root = byId(shelves);
    expect(await root.resolve({}, { id: toGlobalId('Project', shelfId) }, ann)).toEqual({ id: shelfId });
    await expect(root.resolve({}, { id: toGlobalId('Project', shelfId) }, bob)).rejects.toThrow(NotFound);
    // An id of another type is not even looked for.
    expect(() => root.resolve({}, { id: toGlobalId('Image', shelfId) }, ann)).toThrow(NotFound);
    expect(optionalRow(bookView, 'lentTo', shelves).resolve(book, {}, bob)).toBeNull();
  });

  it('asks whether the viewer may read the owner before it reads a list', async () => {
    for (const reading of [list(shelves, booksOfShelf), connection(shelves, booksOfShelf)]) {
      const bob = request('Bob');
      await expect(reading.resolve({ id: shelfId }, { first: 1 }, bob.ctx)).rejects.toThrow(NotFound);
      expect(bob.statements).toEqual([]);
      const ann = request('Ann');
      await reading.resolve({ id: shelfId }, { first: 1 }, ann.ctx);
      expect(ann.statements).toHaveLength(1);
    }
  });

  it('reads no list of a row that has none, whatever is asked, and still says what is wrong with that', async () => {
    const lent = { ...booksOfShelf, onlyOf: { column: 'state', value: 'OPEN' } };
    const ann = request('Ann');
    const shut = { id: shelfId, state: 'SHUT' };
    expect(await list(shelves, lent).resolve(shut, {}, ann.ctx)).toEqual([]);
    expect(await connection(shelves, lent).resolve(shut, { first: 1 }, ann.ctx)).toMatchObject({ edges: [] });
    await expect(connection(shelves, lent).resolve(shut, { first: 0 }, ann.ctx)).rejects.toThrow(/from 1/);
    expect(ann.statements).toEqual([]);
  });

  it('hands on what the rule says, and nothing else', async () => {
    const refusing: Readable<ShelfRow> = {
      ...shelves,
      enter: () => Promise.reject(new Forbidden('Not now.')),
    };
    const ann = request('Ann');
    const reading = connection(refusing, booksOfShelf);
    await expect(reading.resolve({ id: shelfId }, { first: 1 }, ann.ctx)).rejects.toThrow('Not now.');
  });
});
