import { ArgsType, Extensions, Field, ID, Int, InterfaceType, ObjectType } from 'type-graphql';
import type { Paging } from './page.ts';

@InterfaceType({ description: 'An object with an id that is unique across all types.' })
export abstract class Node {
  @Field(() => ID, { description: 'The global id. Opaque and stable; `node(id:)` returns the object.' })
  id: string;
}

@ObjectType({ description: 'The position of a page in its list, as in the Relay specification.' })
export class PageInfo {
  @Field(() => Boolean, { description: 'Whether more items follow after this page.' })
  hasNextPage: boolean;
  @Field(() => Boolean, { description: 'Whether there are items before this page.' })
  hasPreviousPage: boolean;
  @Field(() => String, {
    nullable: true,
    description: 'The cursor of the first item; null on an empty page.',
  })
  startCursor: string | null;
  @Field(() => String, {
    nullable: true,
    description:
      'The cursor of the last item; null on an empty page. Give it as `after` to get the next page.',
  })
  endCursor: string | null;
}

/** Which page of a connection. */
@ArgsType()
export class PageArgs implements Paging {
  @Field(() => Int, {
    nullable: true,
    description:
      'The number of items from the beginning: 1 to 100. Exactly one of `first` and `last` must be given.',
  })
  first?: number | null;
  @Field(() => String, {
    nullable: true,
    description: 'A cursor, such as the `endCursor` of a page: the items after it are returned.',
  })
  after?: string | null;
  @Field(() => Int, {
    nullable: true,
    description:
      'The number of items from the end: 1 to 100. Exactly one of `first` and `last` must be given.',
  })
  last?: number | null;
  @Field(() => String, {
    nullable: true,
    description: 'A cursor, such as the `startCursor` of a page: the items before it are returned.',
  })
  before?: string | null;
}

/** The Relay connection type of a node type; called once per type. `order` is that of its lists, in words. */
export function connectionType<Row extends object>(
  name: string,
  node: () => new () => Row,
  order = 'newest first',
) {
  @ObjectType(`${name}Edge`, { description: `One ${name} of a page, and its cursor.` })
  class Edge {
    @Field(() => String, { description: 'Opaque. Give it as `after` to get the items after this one.' })
    cursor: string;
    @Field(() => node(), { description: 'The item.' })
    node: Row;
  }

  @ObjectType(`${name}Connection`, { description: `A page of a list of ${name} objects, ${order}.` })
  class Connection {
    @Field(() => [Edge], { description: 'The items with their cursors.' })
    edges: Edge[];
    @Field(() => [node()], { description: 'The items without their cursors.' })
    nodes(): Row[] {
      return this.edges.map((edge) => edge.node);
    }
    @Field(() => PageInfo, { description: 'The position of this page in the list.' })
    pageInfo: PageInfo;
    @Extensions({ points: 10 })
    @Field(() => Int, {
      description:
        'The number of items in the whole list. Counted only when this field is selected, which costs ten points.',
    })
    totalCount(): Promise<number> {
      return this.countAll();
    }
    countAll: () => Promise<number>;
  }
  return Connection;
}
