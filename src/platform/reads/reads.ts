import { Arg, Args, Ctx, Extensions, FieldResolver, ID, Query, Root } from 'type-graphql';
import type { Reading } from './reading.ts';

/** A GraphQL type, as TypeGraphQL's decorators take it. */
type TypeOf =
  NonNullable<Parameters<typeof Args>[0]> extends infer Given
    ? Extract<Given, (...given: never[]) => unknown>
    : never;

/** What can be null says so. */
type Options<Value> = { readonly description: string } & (null extends Value
  ? { readonly nullable: true }
  : { readonly nullable?: boolean });

/** Decorates a property of a resolver, and checks that its type is what is read. */
type ReadsInto<Value> = <Key extends string>(prototype: Record<Key, Value>, key: Key) => void;

/**
 * A field of the API that is a reading: `@Reads(row(view, 'parentId', readable), () => Parent, { … })` above the
 * property `parent: ParentRow`. TypeGraphQL calls a method for a field, so the property gets the reading's resolver as
 * one. `args` is the class of the field's arguments.
 */
export function Reads<Value>(
  reading: Reading<Value>,
  type: TypeOf,
  { args, ...options }: Options<Value> & { readonly args?: TypeOf },
): ReadsInto<Value> {
  return (prototype, key) => {
    const method = { value: (above: object, ctx: object, given = {}) => reading.resolve(above, given, ctx) };
    Object.defineProperty(prototype, key, method);
    Root()(prototype, key, 0);
    Ctx()(prototype, key, 1);
    if (args) Args(args)(prototype, key, 2);
    Extensions({ read: reading })(prototype, key, method);
    FieldResolver(type, options)(prototype, key, method);
  };
}

/** A field of the query that is the row with the id in its argument `id`, which `id` describes. */
export function ReadsById<Value>(
  reading: Reading<Value>,
  type: TypeOf,
  { id, description }: { readonly id: string; readonly description: string },
): ReadsInto<Value> {
  return (prototype, key) => {
    const method = { value: (ctx: object, given: string) => reading.resolve({}, { id: given }, ctx) };
    Object.defineProperty(prototype, key, method);
    Ctx()(prototype, key, 0);
    Arg('id', () => ID, { description: id })(prototype, key, 1);
    Extensions({ read: reading })(prototype, key, method);
    Query(type, { nullable: true, description })(prototype, key, method);
  };
}

/** A field of the query that is any other reading. `args` is the class of the field's arguments. */
export function ReadsAtRoot<Value>(
  reading: Reading<Value>,
  type: TypeOf,
  { args, ...options }: Options<Value> & { readonly args: TypeOf },
): ReadsInto<Value> {
  return (prototype, key) => {
    const method = { value: (ctx: object, given: object) => reading.resolve({}, given, ctx) };
    Object.defineProperty(prototype, key, method);
    Ctx()(prototype, key, 0);
    Args(args)(prototype, key, 1);
    Extensions({ read: reading })(prototype, key, method);
    Query(type, options)(prototype, key, method);
  };
}
