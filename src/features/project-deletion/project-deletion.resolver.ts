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
      'Deletes a project with all its rows and pictures, once the runs that the provider has are settled; queued runs are canceled. This cannot be undone. Owners only; others and API keys get FORBIDDEN. Deleting it twice is no error. User error: NAME_DIFFERS.',
  })
  deleteProject(
    @Ctx() ctx: Context,
    @Arg('input', () => DeleteProjectInput, { description: 'The project to delete, and its name.' })
    input: DeleteProjectInput,
  ) {
    return toPayload('project', deleteProject(ctx, input));
  }
}
