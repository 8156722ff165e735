import type { Prisma } from '../db/generated/client.ts';
import { isoTime } from './moment.ts';

/** How a column's text, as Postgres sends it, becomes a value. */
export interface Kind<Value> {
  /** What the text looks like, for a writer of JSON that makes no value of it. */
  readonly holds: 'TEXT' | 'TEXTS' | 'BOOLEAN' | 'INTEGER' | 'FLOAT' | 'BIGINT' | 'MOMENT' | 'JSON';
  readonly parse: (text: string) => Value;
  /** What is selected, where that is not the column itself. */
  readonly select?: (column: string) => string;
}

/** A column of a table. In every statement the table's rows are called `t`. */
export interface Column<Value> extends Kind<Value> {
  /** In the table, as in `created_at`. */
  readonly name: string;
  /** What is selected, as in `t."created_at"`. */
  readonly sql: string;
}

/** A column with this name in its table. Whether it may be null is the row's type to say. */
export function column<Value>(name: string, kind: Kind<Value>): Column<Value> {
  const own = `t."${name}"`;
  return { ...kind, name, sql: kind.select?.(own) ?? own };
}

function kind<Value>(holds: Kind<Value>['holds'], parse: (text: string) => Value): Kind<Value> {
  return { holds, parse };
}

/* The kinds of columns that our tables have, by the value that each becomes; enums' texts are `choice`s. */
export const text = kind('TEXT', (value) => value);
export const boolean = kind('BOOLEAN', (value) => value === 't');
export const integer = kind('INTEGER', Number);
export const float = kind('FLOAT', Number);
export const bigint = kind('BIGINT', BigInt);
export const moment = kind('MOMENT', (value) => new Date(isoTime(value)));
export const json = kind<Prisma.JsonValue>('JSON', (value) => JSON.parse(value));

/** A day, at its midnight in UTC. */
export const day = kind('TEXT', (value) => new Date(value));

function array<Item>(holds: Kind<Item[]>['holds']): Kind<Item[]> {
  const parse = (value: string): Item[] => JSON.parse(value);
  // As JSON, whatever characters the items have.
  return { ...kind(holds, parse), select: (name) => `array_to_json(${name})` };
}

export const texts = array<string>('TEXTS');
export const integers = array<number>('JSON');

/** One of an enum's words. */
export function choice<Word extends string>(words: Readonly<Record<string, Word>>): Kind<Word> {
  return kind('TEXT', (value) => {
    const word = words[value];
    if (word === undefined) throw new Error(`${value} is not one of ${Object.keys(words).join(', ')}.`);
    return word;
  });
}
