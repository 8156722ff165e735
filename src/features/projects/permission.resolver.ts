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
  @FieldResolver(() => Role, { description: 'What the viewer is in it; the admin is an owner of all.' })
  async viewerRole(@Ctx() ctx: Context, @Root() project: ProjectRow): Promise<RoleName | null> {
    return roleIn(ctx, project.id);
  }

  @FieldResolver(() => Boolean, {
    description: 'Whether the viewer may change characters and their pictures, now.',
  })
  viewerCanEditCharacters(@Ctx() ctx: Context, @Root() project: ProjectRow) {
    return viewerCan(ctx, project, 'EDIT_CHARACTERS');
  }

  @FieldResolver(() => Boolean, { description: 'Whether the viewer may ask for runs, now.' })
  viewerCanGenerate(@Ctx() ctx: Context, @Root() project: ProjectRow) {
    return viewerCan(ctx, project, 'GENERATE');
  }

  @FieldResolver(() => Boolean, { description: 'Whether the viewer may rate pictures, now.' })
  viewerCanRateImages(@Ctx() ctx: Context, @Root() project: ProjectRow) {
    return viewerCan(ctx, project, 'RATE_IMAGES');
  }

  @FieldResolver(() => Boolean, { description: 'Whether the viewer may see who is in it.' })
  viewerCanReadMembers(@Ctx() ctx: Context, @Root() project: ProjectRow) {
    return viewerCan(ctx, project, 'READ_MEMBERS');
  }

  @FieldResolver(() => Boolean, { description: 'Whether the viewer may invite, change and remove members.' })
  viewerCanManageMembers(@Ctx() ctx: Context, @Root() project: ProjectRow) {
    return viewerCan(ctx, project, 'MANAGE_MEMBERS');
  }

  @FieldResolver(() => Boolean, { description: 'Whether the viewer may make and revoke SERVICE keys.' })
  viewerCanManageApiKeys(@Ctx() ctx: Context, @Root() project: ProjectRow) {
    return viewerCan(ctx, project, 'MANAGE_API_KEYS');
  }

  @FieldResolver(() => Boolean, {
    description: "Whether the viewer may set and remove the project's provider key.",
  })
  viewerCanManageProviderKey(@Ctx() ctx: Context, @Root() project: ProjectRow) {
    return viewerCan(ctx, project, 'MANAGE_PROVIDER_KEY');
  }

  @FieldResolver(() => Boolean, { description: 'Whether the viewer may see budgets and what was spent.' })
  viewerCanReadSpend(@Ctx() ctx: Context, @Root() project: ProjectRow) {
    return viewerCan(ctx, project, 'READ_SPEND');
  }

  @FieldResolver(() => Boolean, { description: 'Whether the viewer may change budgets and limits.' })
  viewerCanManageBudgets(@Ctx() ctx: Context, @Root() project: ProjectRow) {
    return viewerCan(ctx, project, 'MANAGE_BUDGETS');
  }

  @FieldResolver(() => Boolean, { description: 'Whether the viewer may approve and reject runs.' })
  viewerCanApproveGenerations(@Ctx() ctx: Context, @Root() project: ProjectRow) {
    return viewerCan(ctx, project, 'APPROVE_GENERATIONS');
  }

  @FieldResolver(() => Boolean, { description: 'Whether the viewer may settle runs that are UNCERTAIN.' })
  viewerCanResolveGenerations(@Ctx() ctx: Context, @Root() project: ProjectRow) {
    return viewerCan(ctx, project, 'RESOLVE_GENERATIONS');
  }

  @FieldResolver(() => Boolean, { description: 'Whether the viewer may read the audit log.' })
  viewerCanReadAuditLog(@Ctx() ctx: Context, @Root() project: ProjectRow) {
    return viewerCan(ctx, project, 'READ_AUDIT_LOG');
  }

  @FieldResolver(() => Boolean, { description: 'Whether the viewer may archive and restore it.' })
  viewerCanArchive(@Ctx() ctx: Context, @Root() project: ProjectRow) {
    return viewerCan(ctx, project, 'ARCHIVE_PROJECT');
  }

  @FieldResolver(() => Boolean, { description: 'Whether the viewer may delete it.' })
  viewerCanDelete(@Ctx() ctx: Context, @Root() project: ProjectRow) {
    return viewerCan(ctx, project, 'DELETE_PROJECT');
  }
}
