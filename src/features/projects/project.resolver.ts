import { Arg, Args, Ctx, ID, Mutation, Query, Resolver } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { toPayload } from '../../platform/graphql/payload.ts';
import { DecimalScalar } from '../../platform/graphql/scalars.ts';
import { PageArgs } from '../../platform/reads/connection.ts';
import { byId, column, globalId } from '../../platform/reads/reading.ts';
import { Reads, ReadsById } from '../../platform/reads/reads.ts';
import { archiveProject } from './archive-project.ts';
import { createProject } from './create-project.ts';
import { listProjects, type ProjectRow, projects } from './project.queries.ts';
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
  @Reads(globalId('Project'), () => ID, { description: 'Opaque and stable.' })
  readonly id: string;

  @Reads(column(projectView, 'approvalPerRunMicros'), () => DecimalScalar, {
    nullable: true,
    description: 'A run that may cost more waits for an owner; null lets every run pass.',
  })
  readonly approvalPerRun: bigint | null;

  @Reads(column(projectView, 'approvalPerBatchMicros'), () => DecimalScalar, {
    nullable: true,
    description:
      'A run waits for an owner when all runs of its batch together may cost more; null lets every batch pass.',
  })
  readonly approvalPerBatch: bigint | null;

  @ReadsById(byId(projects), () => Project, {
    description: 'The project with this id. Error: NOT_FOUND.',
    id: "The project's id.",
  })
  readonly project: ProjectRow;

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
