import { Arg, Ctx, Extensions, ID, Query, Resolver } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { Node } from '../../platform/reads/connection.ts';
import { node, nodes } from '../../platform/reads/root-reading.ts';
import { findNode, findNodes, roots } from './node.queries.ts';

@Resolver(() => Node)
export class NodeResolver {
  @Query(() => Node, { nullable: true, description: 'The object with this global id. Error: NOT_FOUND.' })
  @Extensions({ read: node(roots, findNode) })
  node(@Ctx() ctx: Context, @Arg('id', () => ID, { description: 'A global id.' }) id: string) {
    return findNode(ctx, id);
  }

  @Query(() => [Node], {
    nullable: 'items',
    description:
      'The objects with these global ids, in the same order: at most 100. An item that is not found is null, with the error NOT_FOUND.',
  })
  @Extensions({ read: nodes(roots, findNodes) })
  nodes(
    @Ctx() ctx: Context,
    @Arg('ids', () => [ID], { description: 'Global ids, at most 100.' }) ids: string[],
  ) {
    return findNodes(ctx, ids);
  }
}
