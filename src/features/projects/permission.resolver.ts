import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import type { Role as RoleName } from '../../platform/auth/role.ts';
import type { Context } from '../../platform/context.ts';
import { roleIn, viewerCan } from '../access/authorize.ts';
import { Role } from '../access/user.type.ts';
import type { ProjectRow } from './project.queries.ts';
import { Project } from './project.type.ts';

/** What the viewer may do in a project, so that a frontend need not repeat the policy. */
@Resolver(() => Project)
export class ProjectPermissionsResolver {
  @FieldResolver(() => Role, {
    description: "The viewer's role in the project. The admin is an OWNER of every project.",
  })
  async viewerRole(@Ctx() ctx: Context, @Root() project: ProjectRow): Promise<RoleName | null> {
    return roleIn(ctx, project.id);
  }

  @FieldResolver(() => Boolean, {
    description:
      'Whether the viewer may change characters and their reference images now. False while the project is archived or being deleted.',
  })
  viewerCanEditCharacters(@Ctx() ctx: Context, @Root() project: ProjectRow) {
    return viewerCan(ctx, project, 'EDIT_CHARACTERS');
  }

  @FieldResolver(() => Boolean, {
    description:
      'Whether the viewer may request runs now. False while the project is archived or being deleted.',
  })
  viewerCanGenerate(@Ctx() ctx: Context, @Root() project: ProjectRow) {
    return viewerCan(ctx, project, 'GENERATE');
  }

  @FieldResolver(() => Boolean, {
    description:
      'Whether the viewer may rate pictures now. False while the project is archived or being deleted.',
  })
  viewerCanRateImages(@Ctx() ctx: Context, @Root() project: ProjectRow) {
    return viewerCan(ctx, project, 'RATE_IMAGES');
  }

  @FieldResolver(() => Boolean, { description: 'Whether the viewer may read the list of members.' })
  viewerCanReadMembers(@Ctx() ctx: Context, @Root() project: ProjectRow) {
    return viewerCan(ctx, project, 'READ_MEMBERS');
  }

  @FieldResolver(() => Boolean, {
    description: 'Whether the viewer may invite members, change their roles and remove them.',
  })
  viewerCanManageMembers(@Ctx() ctx: Context, @Root() project: ProjectRow) {
    return viewerCan(ctx, project, 'MANAGE_MEMBERS');
  }

  @FieldResolver(() => Boolean, { description: 'Whether the viewer may create and revoke SERVICE keys.' })
  viewerCanManageApiKeys(@Ctx() ctx: Context, @Root() project: ProjectRow) {
    return viewerCan(ctx, project, 'MANAGE_API_KEYS');
  }

  @FieldResolver(() => Boolean, {
    description: "Whether the viewer may set and remove the project's provider key.",
  })
  viewerCanManageProviderKey(@Ctx() ctx: Context, @Root() project: ProjectRow) {
    return viewerCan(ctx, project, 'MANAGE_PROVIDER_KEY');
  }

  @FieldResolver(() => Boolean, { description: 'Whether the viewer may read budgets and spend.' })
  viewerCanReadSpend(@Ctx() ctx: Context, @Root() project: ProjectRow) {
    return viewerCan(ctx, project, 'READ_SPEND');
  }

  @FieldResolver(() => Boolean, {
    description: "Whether the viewer may change budgets and the project's limits.",
  })
  viewerCanManageBudgets(@Ctx() ctx: Context, @Root() project: ProjectRow) {
    return viewerCan(ctx, project, 'MANAGE_BUDGETS');
  }

  @FieldResolver(() => Boolean, { description: 'Whether the viewer may approve and reject runs.' })
  viewerCanApproveGenerations(@Ctx() ctx: Context, @Root() project: ProjectRow) {
    return viewerCan(ctx, project, 'APPROVE_GENERATIONS');
  }

  @FieldResolver(() => Boolean, { description: 'Whether the viewer may settle UNCERTAIN runs.' })
  viewerCanResolveGenerations(@Ctx() ctx: Context, @Root() project: ProjectRow) {
    return viewerCan(ctx, project, 'RESOLVE_GENERATIONS');
  }

  @FieldResolver(() => Boolean, { description: 'Whether the viewer may read the audit log.' })
  viewerCanReadAuditLog(@Ctx() ctx: Context, @Root() project: ProjectRow) {
    return viewerCan(ctx, project, 'READ_AUDIT_LOG');
  }

  @FieldResolver(() => Boolean, { description: 'Whether the viewer may archive and restore the project.' })
  viewerCanArchive(@Ctx() ctx: Context, @Root() project: ProjectRow) {
    return viewerCan(ctx, project, 'ARCHIVE_PROJECT');
  }

  @FieldResolver(() => Boolean, { description: 'Whether the viewer may delete the project.' })
  viewerCanDelete(@Ctx() ctx: Context, @Root() project: ProjectRow) {
    return viewerCan(ctx, project, 'DELETE_PROJECT');
  }
}
