import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { toPayload } from '../../platform/graphql/payload.ts';
import { Project } from '../projects/project.type.ts';
import { deleteProject } from './delete-project.ts';
import { DeleteProjectInput, DeleteProjectPayload } from './project-deletion.type.ts';

@Resolver(() => Project)
export class ProjectDeletionResolver {
  @Mutation(() => DeleteProjectPayload, {
    description:
      'Deletes a project with all that is in it, rows and pictures, once its running generations have settled; queued ones are canceled. Cannot be taken back. Owners only, not for API keys. User error: NAME_DIFFERS.',
  })
  deleteProject(
    @Ctx() ctx: Context,
    @Arg('input', () => DeleteProjectInput, { description: 'Which one, and its name.' })
    input: DeleteProjectInput,
  ) {
    return toPayload('project', deleteProject(ctx, input));
  }
}
