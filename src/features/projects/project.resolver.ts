import { Arg, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { fromGlobalId, toGlobalId } from '../../platform/graphql/global-id.ts';
import { toPayload } from '../../platform/graphql/payload.ts';
import { archiveProject } from './archive-project.ts';
import { createProject } from './create-project.ts';
import { findProject, listProjects, type ProjectRow } from './project.queries.ts';
import {
  ArchiveProjectInput,
  ArchiveProjectPayload,
  CreateProjectInput,
  CreateProjectPayload,
  Project,
  ProjectConnection,
  RestoreProjectInput,
  RestoreProjectPayload,
} from './project.type.ts';
import { restoreProject } from './restore-project.ts';

@Resolver(() => Project)
export class ProjectResolver {
  @FieldResolver(() => ID, { description: 'Opaque and stable.' })
  id(@Root() project: ProjectRow): string {
    return toGlobalId('Project', project.id);
  }

  @Query(() => Project, { nullable: true, description: 'The project with this id. Error: NOT_FOUND.' })
  project(@Ctx() ctx: Context, @Arg('id', () => ID, { description: "The project's id." }) id: string) {
    return findProject(ctx, fromGlobalId('Project', id));
  }

  @Query(() => ProjectConnection, { description: 'The projects that the viewer may see, newest first.' })
  projects(
    @Ctx() ctx: Context,
    @Arg('first', () => Int, { description: 'How many at the most: 1 to 100.' }) first: number,
    @Arg('after', () => String, { nullable: true, description: "A page's `endCursor`, to go on behind it." })
    after: string | null,
  ) {
    return listProjects(ctx, { first, after });
  }

  @Mutation(() => CreateProjectPayload, { description: 'Makes an empty project.' })
  createProject(
    @Ctx() ctx: Context,
    @Arg('input', () => CreateProjectInput, { description: 'What it is called.' }) input: CreateProjectInput,
  ) {
    return toPayload('project', createProject(ctx, input));
  }

  @Mutation(() => ArchiveProjectPayload, {
    description:
      'Makes a project read-only; runs asked for before go on. Owners only. User error of changes: PROJECT_ARCHIVED.',
  })
  archiveProject(
    @Ctx() ctx: Context,
    @Arg('input', () => ArchiveProjectInput, { description: 'Which one.' }) input: ArchiveProjectInput,
  ) {
    return toPayload('project', archiveProject(ctx, input));
  }

  @Mutation(() => RestoreProjectPayload, {
    description: 'Opens an archived project again; owners only. User error: PROJECT_DELETING.',
  })
  restoreProject(
    @Ctx() ctx: Context,
    @Arg('input', () => RestoreProjectInput, { description: 'Which one.' }) input: RestoreProjectInput,
  ) {
    return toPayload('project', restoreProject(ctx, input));
  }
}
