import { Arg, Ctx, ID, Query, Resolver } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { Node } from '../../platform/reads/connection.ts';
import { findNode, findNodes } from './node.queries.ts';

@Resolver(() => Node)
export class NodeResolver {
  @Query(() => Node, { nullable: true, description: 'The thing with this global id. Error: NOT_FOUND.' })
  node(@Ctx() ctx: Context, @Arg('id', () => ID, { description: 'A global id.' }) id: string) {
    return findNode(ctx, id);
  }

  @Query(() => [Node], {
    nullable: 'items',
    description:
      'The things with these global ids, at most 100, in the order asked; null, with a NOT_FOUND error, where there is none.',
  })
  nodes(@Ctx() ctx: Context, @Arg('ids', () => [ID], { description: 'Global ids.' }) ids: string[]) {
    return findNodes(ctx, ids);
  }
}
