/**
 * What an operation answers, read from its text by the compiler. gql.tada's parser turns the text into a tree; the types
 * below look each field and argument up in the schema. gql.tada's own reading of the tree is not used, for three reasons:
 * it does not refuse a misspelled name, it says of every nullable field that it may be null, and it makes a union
 * of the types of `node`, which a test would have to tell apart before it reads a field.
 */
import type { parseDocument } from 'gql.tada';
import type { Objects } from './schema.ts';

/** A field that gives objects of such a type. */
export interface Of<Name extends keyof Objects> {
  readonly of: Name;
}

/** A list in an answer. Its first items are taken to be there, as nothing in an answer is taken to be null. */
export type List<Item> = [Item, Item, Item, Item, ...Item[]];

/** What is wrong with a text. No text has this type, so the compiler refuses the text and shows the message. */
export interface Mistake<Message extends string> {
  readonly mistake: Message;
}

/** What the operation in a text answers; `unknown` where the text is not known before the test runs. */
export type DataOf<Text extends string> = [Parsed<Text>] extends [never]
  ? Unread<Text>
  : Parsed<Text> extends { definitions: readonly (infer Definition)[] }
    ? ReadOperation<Extract<Definition, { operation: unknown }>, Extract<Definition, Fragment>>
    : never;

/** The variables that the operation in a text declares, with values of any type; any object where the text is not known. */
export type VariablesOf<Text extends string> = [Parsed<Text>] extends [never]
  ? object
  : Parsed<Text> extends { definitions: readonly (infer Definition)[] }
    ? Definition extends { variableDefinitions: readonly (infer Variable)[] }
      ? { readonly [Each in Variable as VariableName<Each>]?: unknown }
      : never
    : never;

type VariableName<Variable> = Variable extends { variable: { name: Named<infer Name> } } ? Name : never;

/** Nothing to add to a text that is right, and the mistake in one that is not. */
export type Right<Text extends string> = RightOf<DataOf<Text>>;

/** The same of what was read from a text. */
export type RightOf<Data> = [MistakeIn<Data>] extends [never] ? unknown : MistakeIn<Data>;

/** What a selection, as `{ id name }`, gives of an object of the schema. */
export type Selected<Name extends keyof Objects, Text extends string> =
  Parsed<Text> extends { definitions: readonly [{ selectionSet: infer Set extends Selections }] }
    ? ReadSet<Set, Name, never>
    : Unread<Text>;

type Parsed<Text extends string> = string extends Text ? never : parseDocument<Text>;

/** A text with holes has an index signature as a key; what is put into the holes may be of any shape. */
type Unread<Text extends string> =
  Record<never, never> extends Record<Text, 1> ? unknown : Mistake<'This is not GraphQL.'>;

type ReadOperation<Operation, Fragments> = Operation extends {
  operation: infer Kind;
  selectionSet: infer Set extends Selections;
}
  ? ReadSet<
      Set,
      Kind extends 'mutation' ? 'Mutation' : Kind extends 'subscription' ? 'Subscription' : 'Query',
      Fragments
    >
  : never;

interface Selections {
  readonly selections: readonly unknown[];
}

interface Named<Name extends string = string> {
  readonly value: Name;
}

interface Fragment {
  readonly name: Named;
  readonly typeCondition: { readonly name: Named };
  readonly selectionSet: Selections;
}

interface Field {
  readonly alias: Named | undefined;
  readonly name: Named;
  readonly arguments: readonly unknown[];
  readonly selectionSet: Selections | undefined;
}

/** A field with the type that it is selected of. */
interface FieldOf<Name extends string, Selected extends Field> {
  readonly on: Name;
  readonly field: Selected;
}

/** The conditional keeps the compiler from naming the type by the tree that it was read from. */
type ReadSet<Set extends Selections, Name extends string, Fragments> =
  Flat<Set['selections'][number], Name, Fragments> extends infer All extends FieldOf<string, Field>
    ? { [Each in All as KeyOf<Each['field']>]: ReadField<Each['on'], Each['field'], Fragments> }
    : never;

type KeyOf<Each extends Field> = Each['alias'] extends Named ? Each['alias']['value'] : Each['name']['value'];

/** All fields of a selection, those of its fragments too. */
type Flat<Selection, Name extends string, Fragments> = Selection extends Field
  ? FieldOf<Name, Selection>
  : Selection extends { typeCondition: infer Condition; selectionSet: infer Set extends Selections }
    ? Flat<
        Set['selections'][number],
        Condition extends { name: Named } ? Condition['name']['value'] : Name,
        Fragments
      >
    : Selection extends { name: Named<infer Spread> }
      ? Extract<Fragments, { name: Named<Spread> }> extends infer Found extends Fragment
        ? Flat<
            Found['selectionSet']['selections'][number],
            Found['typeCondition']['name']['value'],
            Fragments
          >
        : never
      : never;

type ReadField<
  Name extends string,
  Each extends Field,
  Fragments,
> = Each['name']['value'] extends '__typename'
  ? string
  : Name extends keyof Objects
    ? Each['name']['value'] extends keyof Objects[Name]
      ? Objects[Name][Each['name']['value']] extends readonly [infer Type, infer Taken]
        ? [WrongIn<Each['arguments'], Taken>] extends [never]
          ? ReadValue<Type, Each['selectionSet'], Fragments>
          : WrongIn<Each['arguments'], Taken>
        : never
      : Each['name']['value'] extends '__schema' | '__type'
        ? unknown
        : Mistake<`${Name} has no field ${Each['name']['value']}.`>
    : Mistake<`There is no type ${Name}.`>;

type ReadValue<Type, Set, Fragments> = Type extends readonly (infer Item)[]
  ? List<ReadValue<Item, Set, Fragments>>
  : Type extends Of<infer Name>
    ? Set extends Selections
      ? ReadSet<Set, Name, Fragments>
      : Mistake<`${Name} needs a selection.`>
    : Type;

/** Names and enum values that are not among those that are taken, by arguments or by fields of an input object. */
type WrongIn<Given extends readonly unknown[], Taken> = Given[number] extends infer Each
  ? Each extends { name: Named<infer Name>; value: infer Value }
    ? Name extends keyof Taken
      ? WrongValue<Value, NonNullable<Taken[Name]>>
      : Mistake<`There is no argument ${Name}.`>
    : never
  : never;

type WrongValue<Value, Taken> = Taken extends readonly (infer Item)[]
  ? Value extends { values: readonly (infer Each)[] }
    ? WrongValue<Each, NonNullable<Item>>
    : WrongValue<Value, NonNullable<Item>>
  : Value extends { fields: infer Fields extends readonly unknown[] }
    ? WrongIn<Fields, Taken>
    : never;

type MistakeIn<Data> =
  Data extends Mistake<string>
    ? Data
    : Data extends readonly (infer Item)[]
      ? MistakeIn<Item>
      : Data extends object
        ? { [Key in keyof Data]: MistakeIn<Data[Key]> }[keyof Data]
        : never;
