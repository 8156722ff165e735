import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { toPayload } from '../../platform/graphql/payload.ts';
import { DecimalScalar } from '../../platform/graphql/scalars.ts';
import { PageArgs } from '../../platform/reads/connection.ts';
import { fromGlobalId, toGlobalId } from '../../platform/reads/global-id.ts';
import { ReadsColumn, ReadsRoot } from '../../platform/reads/plan/field-read.ts';
import { rootOf } from '../access/root.ts';
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
  UpdateProjectInput,
  UpdateProjectLimitsInput,
  UpdateProjectLimitsPayload,
  UpdateProjectPayload,
} from './project.type.ts';
import { projectView } from './project.view.ts';
import { restoreProject } from './restore-project.ts';
import { updateProject } from './update-project.ts';
import { updateProjectLimits } from './update-project-limits.ts';

@Resolver(() => Project)
export class ProjectResolver {
  @FieldResolver(() => ID, { description: 'Opaque and stable.' })
  id(@Root() project: ProjectRow): string {
    return toGlobalId('Project', project.id);
  }

  @ReadsColumn('approvalPerRunMicros')
  @FieldResolver(() => DecimalScalar, {
    nullable: true,
    description: 'A run that may cost more waits for an owner; null lets every run pass.',
  })
  approvalPerRun(@Root() project: ProjectRow): bigint | null {
    return project.approvalPerRunMicros;
  }

  @ReadsColumn('approvalPerBatchMicros')
  @FieldResolver(() => DecimalScalar, {
    nullable: true,
    description:
      'A run waits for an owner when all runs of its batch together may cost more; null lets every batch pass.',
  })
  approvalPerBatch(@Root() project: ProjectRow): bigint | null {
    return project.approvalPerBatchMicros;
  }

  @ReadsRoot(rootOf(projectView, 'Project'))
  @Query(() => Project, { nullable: true, description: 'The project with this id. Error: NOT_FOUND.' })
  project(@Ctx() ctx: Context, @Arg('id', () => ID, { description: "The project's id." }) id: string) {
    return findProject(ctx, fromGlobalId('Project', id));
  }

  @Query(() => ProjectConnection, { description: 'The projects that the viewer may see, newest first.' })
  projects(@Ctx() ctx: Context, @Args(() => PageArgs) page: PageArgs) {
    return listProjects(ctx, page);
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

  @Mutation(() => UpdateProjectPayload, {
    description: 'Changes a project: its time zone. Owners only, not for API keys: FORBIDDEN.',
  })
  updateProject(
    @Ctx() ctx: Context,
    @Arg('input', () => UpdateProjectInput, { description: 'What to change.' }) input: UpdateProjectInput,
  ) {
    return toPayload('project', updateProject(ctx, input));
  }

  @Mutation(() => UpdateProjectLimitsPayload, {
    description:
      'Changes how many runs of a project may be under way, and what needs approval. Owners only, not for API keys: FORBIDDEN.',
  })
  updateProjectLimits(
    @Ctx() ctx: Context,
    @Arg('input', () => UpdateProjectLimitsInput, { description: 'What to change.' })
    input: UpdateProjectLimitsInput,
  ) {
    return toPayload('project', updateProjectLimits(ctx, input));
  }
}
