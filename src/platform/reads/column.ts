import type { Prisma } from '../db/generated/client.ts';
import { isoTime } from './moment.ts';

/** How a column's text, as Postgres sends it, becomes a value. */
export interface Column<Value> {
  /** What the text looks like, for whoever writes it as JSON without making a value of it. */
  readonly holds: 'TEXT' | 'TEXTS' | 'BOOLEAN' | 'INTEGER' | 'FLOAT' | 'BIGINT' | 'MOMENT' | 'JSON';
  readonly isNullable: boolean;
  readonly parse: (text: string) => Value;
  /** What is selected, where that is not the column itself. */
  readonly select?: (column: string) => string;
}

function column<Value>(holds: Column<Value>['holds'], parse: (text: string) => Value): Column<Value> {
  return { holds, isNullable: false, parse };
}

/* The kinds of columns that our tables have, by the value that each becomes; enums' texts are `choice`s. */
export const text = column('TEXT', (value) => value);
export const boolean = column('BOOLEAN', (value) => value === 't');
export const integer = column('INTEGER', Number);
export const float = column('FLOAT', Number);
export const bigint = column('BIGINT', BigInt);
export const moment = column('MOMENT', (value) => new Date(isoTime(value)));
export const json = column<Prisma.JsonValue>('JSON', (value) => JSON.parse(value));

/** A day, at its midnight in UTC. */
export const day = column('TEXT', (value) => new Date(value));

function array<Item>(holds: Column<Item[]>['holds']): Column<Item[]> {
  const parse = (value: string): Item[] => JSON.parse(value);
  // As JSON, whatever characters the items have.
  return { ...column(holds, parse), select: (name) => `array_to_json(${name})` };
}

export const texts = array<string>('TEXTS');
export const integers = array<number>('JSON');

/** One of an enum's words. */
export function choice<Word extends string>(words: Readonly<Record<string, Word>>): Column<Word> {
  return column('TEXT', (value) => {
    const word = words[value];
    if (word === undefined) throw new Error(`${value} is not one of ${Object.keys(words).join(', ')}.`);
    return word;
  });
}

/** The same, or null. */
export function optional<Value>(of: Column<Value>): Column<Value | null> {
  return { ...of, isNullable: true };
}
