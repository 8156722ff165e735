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
    description:
      "The project's own provider key in the current provider environment. Null when the server's key is used. Owners only; others and API keys get FORBIDDEN.",
  })
  providerKey(@Ctx() ctx: Context, @Root() project: ProjectRow) {
    return findProviderKey(ctx, project.id);
  }

  @Mutation(() => SetProviderKeyPayload, {
    description:
      'Gives a project its own provider account. The server first tries the key at the provider, which costs nothing. Owners only; others and API keys get FORBIDDEN. User errors: PROVIDER_KEY_REFUSED, PROVIDER_UNAVAILABLE, PROJECT_DELETING.',
  })
  setProviderKey(
    @Ctx() ctx: Context,
    @Arg('input', () => SetProviderKeyInput, { description: 'The project and the key.' })
    input: SetProviderKeyInput,
  ) {
    return toPayload('project', setProviderKey(ctx, input));
  }

  @Mutation(() => RemoveProviderKeyPayload, {
    description:
      "Removes a project's provider key. The server's key pays for new runs of the project. Owners only; others and API keys get FORBIDDEN. Removing a key that is not there is no error.",
  })
  removeProviderKey(
    @Ctx() ctx: Context,
    @Arg('input', () => RemoveProviderKeyInput, { description: 'The project whose key is removed.' })
    input: RemoveProviderKeyInput,
  ) {
    return toPayload('project', removeProviderKey(ctx, input));
  }
}
