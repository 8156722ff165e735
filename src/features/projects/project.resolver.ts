import { Arg, Ctx, ID, Mutation, Resolver } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { toPayload } from '../../platform/graphql/payload.ts';
import { DecimalScalar } from '../../platform/graphql/scalars.ts';
import { PageArgs } from '../../platform/reads/connection.ts';
import type { Page } from '../../platform/reads/page.ts';
import { column, globalId } from '../../platform/reads/reading.ts';
import { Reads, ReadsAtRoot, ReadsById } from '../../platform/reads/reads.ts';
import { byId, rootConnection } from '../../platform/reads/root-reading.ts';
import { archiveProject } from './archive-project.ts';
import { createProject } from './create-project.ts';
import { type ProjectRow, projects } from './project.queries.ts';
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
import { projectsOfViewer, projectView } from './project.view.ts';
import { restoreProject } from './restore-project.ts';
import { updateProject } from './update-project.ts';
import { updateProjectLimits } from './update-project-limits.ts';

@Resolver(() => Project)
export class ProjectResolver {
  @Reads(globalId('Project'), () => ID, { description: 'The global id. Opaque and stable.' })
  readonly id: string;

  @Reads(column(projectView, 'approvalPerRunMicros'), () => DecimalScalar, {
    nullable: true,
    description:
      'US dollars: a run that may cost more waits for the approval of an owner. Null: no run waits for this reason.',
  })
  readonly approvalPerRun: bigint | null;

  @Reads(column(projectView, 'approvalPerBatchMicros'), () => DecimalScalar, {
    nullable: true,
    description:
      'US dollars: a run waits for the approval of an owner when all runs of its batch together may cost more. Null: no run waits for this reason.',
  })
  readonly approvalPerBatch: bigint | null;

  @ReadsById(byId(projects), () => Project, {
    description: 'The project with this id. Error: NOT_FOUND.',
    id: "The project's id.",
  })
  readonly project: ProjectRow;

  @ReadsAtRoot(rootConnection(projectsOfViewer, projects), () => ProjectConnection, {
    args: () => PageArgs,
    description: 'The projects that the viewer may see, newest first.',
  })
  readonly projects: Page<ProjectRow>;

  @Mutation(() => CreateProjectPayload, {
    description:
      'Creates an empty project. A user who creates it becomes its first owner. API keys get FORBIDDEN.',
  })
  createProject(
    @Ctx() ctx: Context,
    @Arg('input', () => CreateProjectInput, { description: 'The new project.' }) input: CreateProjectInput,
  ) {
    return toPayload('project', createProject(ctx, input));
  }

  @Mutation(() => ArchiveProjectPayload, {
    description:
      'Archives a project, which makes it read-only. Runs that were requested before continue. Changes get the user error PROJECT_ARCHIVED. Owners only; others get FORBIDDEN. User error: PROJECT_DELETING.',
  })
  archiveProject(
    @Ctx() ctx: Context,
    @Arg('input', () => ArchiveProjectInput, { description: 'The project to archive.' })
    input: ArchiveProjectInput,
  ) {
    return toPayload('project', archiveProject(ctx, input));
  }

  @Mutation(() => RestoreProjectPayload, {
    description:
      'Restores an archived project, so that it can be changed again. Owners only; others get FORBIDDEN. User error: PROJECT_DELETING.',
  })
  restoreProject(
    @Ctx() ctx: Context,
    @Arg('input', () => RestoreProjectInput, { description: 'The project to restore.' })
    input: RestoreProjectInput,
  ) {
    return toPayload('project', restoreProject(ctx, input));
  }

  @Mutation(() => UpdateProjectPayload, {
    description:
      "Changes a project's time zone. Owners only; others and API keys get FORBIDDEN. User error: PROJECT_DELETING.",
  })
  updateProject(
    @Ctx() ctx: Context,
    @Arg('input', () => UpdateProjectInput, { description: 'The project and its new time zone.' })
    input: UpdateProjectInput,
  ) {
    return toPayload('project', updateProject(ctx, input));
  }

  @Mutation(() => UpdateProjectLimitsPayload, {
    description:
      'Changes how many runs of a project may be under way at the same time, and which runs need approval. Owners only; others and API keys get FORBIDDEN. User error: PROJECT_DELETING.',
  })
  updateProjectLimits(
    @Ctx() ctx: Context,
    @Arg('input', () => UpdateProjectLimitsInput, { description: 'The project and its new limits.' })
    input: UpdateProjectLimitsInput,
  ) {
    return toPayload('project', updateProjectLimits(ctx, input));
  }
}
