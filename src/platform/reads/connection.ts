import { ArgsType, Extensions, Field, ID, Int, InterfaceType, ObjectType } from 'type-graphql';
import type { Paging } from './page.ts';

@InterfaceType({ description: 'Something with an id that is unique across all types.' })
export abstract class Node {
  @Field(() => ID, { description: 'Opaque and stable; `node(id:)` finds the thing again.' })
  id: string;
}

@ObjectType({ description: 'Where a page stands in its list, as the Relay specification has it.' })
export class PageInfo {
  @Field(() => Boolean, { description: 'More items follow.' })
  hasNextPage: boolean;
  @Field(() => Boolean, { description: 'Items come before this page.' })
  hasPreviousPage: boolean;
  @Field(() => String, { nullable: true, description: "The first item's cursor." })
  startCursor: string | null;
  @Field(() => String, { nullable: true, description: "The last item's cursor: the next page's `after`." })
  endCursor: string | null;
}

/** Which page of a connection. */
@ArgsType()
export class PageArgs implements Paging {
  @Field(() => Int, {
    nullable: true,
    description: 'How many at the most, from the beginning: 1 to 100. Either this or `last` is given.',
  })
  first?: number | null;
  @Field(() => String, { nullable: true, description: "A page's `endCursor`, to go on behind it." })
  after?: string | null;
  @Field(() => Int, { nullable: true, description: 'How many at the most, from the end: 1 to 100.' })
  last?: number | null;
  @Field(() => String, { nullable: true, description: "A page's `startCursor`, to go back before it." })
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
    @Field(() => String, { description: 'Opaque; give it as `after` to go on behind this item.' })
    cursor: string;
    @Field(() => node(), { description: 'The item.' })
    node: Row;
  }

  @ObjectType(`${name}Connection`, { description: `A page of ${name}s, ${order}.` })
  class Connection {
    @Field(() => [Edge], { description: 'The items with their cursors.' })
    edges: Edge[];
    @Field(() => [node()], { description: 'The items alone.' })
    nodes(): Row[] {
      return this.edges.map((edge) => edge.node);
    }
    @Field(() => PageInfo, { description: 'Where this page stands.' })
    pageInfo: PageInfo;
    @Extensions({ points: 10 })
    @Field(() => Int, {
      description: 'How many items the whole list has; counted only when asked for, for ten points.',
    })
    totalCount(): Promise<number> {
      return this.countAll();
    }
    countAll: () => Promise<number>;
  }
  return Connection;
}
