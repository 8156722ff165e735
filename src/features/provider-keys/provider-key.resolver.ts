import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { toPayload } from '../../platform/graphql/payload.ts';
import type { ProjectRow } from '../projects/project.queries.ts';
import { Project } from '../projects/project.type.ts';
import { findProviderKey } from './provider-key.queries.ts';
import {
  ProviderKey,
  RemoveProviderKeyInput,
  RemoveProviderKeyPayload,
  SetProviderKeyInput,
  SetProviderKeyPayload,
} from './provider-key.type.ts';
import { removeProviderKey } from './remove-provider-key.ts';
import { setProviderKey } from './set-provider-key.ts';

@Resolver(() => Project)
export class ProjectProviderKeyResolver {
  @FieldResolver(() => ProviderKey, {
    nullable: true,
    description: "Its own key at the provider; null where the server's is used. Owners only.",
  })
  providerKey(@Ctx() ctx: Context, @Root() project: ProjectRow) {
    return findProviderKey(ctx, project.id);
  }

  @Mutation(() => SetProviderKeyPayload, {
    description:
      'Gives a project its own account at the provider; the key is tried there first. Owners only. User errors: PROVIDER_KEY_REFUSED, PROVIDER_UNAVAILABLE.',
  })
  setProviderKey(
    @Ctx() ctx: Context,
    @Arg('input', () => SetProviderKeyInput, { description: 'The project and the key.' })
    input: SetProviderKeyInput,
  ) {
    return toPayload('project', setProviderKey(ctx, input));
  }

  @Mutation(() => RemoveProviderKeyPayload, {
    description: "Lets the server's key pay for a project's new runs again. Owners only.",
  })
  removeProviderKey(
    @Ctx() ctx: Context,
    @Arg('input', () => RemoveProviderKeyInput, { description: 'Which project.' })
    input: RemoveProviderKeyInput,
  ) {
    return toPayload('project', removeProviderKey(ctx, input));
  }
}
