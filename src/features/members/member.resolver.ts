import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Resolver, Root } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { toPayload } from '../../platform/graphql/payload.ts';
import { PageArgs } from '../../platform/reads/connection.ts';
import { globalId, row } from '../../platform/reads/reading.ts';
import { Reads } from '../../platform/reads/reads.ts';
import { userById } from '../access/user.queries.ts';
import { User } from '../access/user.type.ts';
import { type ProjectRow, projects } from '../projects/project.queries.ts';
import { Project } from '../projects/project.type.ts';
import { changeMemberRole } from './change-member-role.ts';
import { listMembers, type MemberRow } from './member.queries.ts';
import {
  ChangeMemberRoleInput,
  ChangeMemberRolePayload,
  Member,
  MemberConnection,
  RemoveMemberInput,
  RemoveMemberPayload,
} from './member.type.ts';
import { memberView } from './member.view.ts';
import { removeMember } from './remove-member.ts';

@Resolver(() => Member)
export class MemberResolver {
  @Reads(globalId('Member'), () => ID, { description: 'Opaque and stable.' })
  readonly id: string;

  @FieldResolver(() => User, { description: 'Who it is.' })
  user(@Ctx() ctx: Context, @Root() member: MemberRow) {
    return userById(ctx, member.userId);
  }

  @Reads(row(memberView, 'projectId', projects), () => Project, { description: 'Where they are a member.' })
  readonly project: ProjectRow;

  @Mutation(() => ChangeMemberRolePayload, {
    description: 'Gives a member another role; owners only. User error: LAST_OWNER.',
  })
  changeMemberRole(
    @Ctx() ctx: Context,
    @Arg('input', () => ChangeMemberRoleInput, { description: 'Who, and what they may do.' })
    input: ChangeMemberRoleInput,
  ) {
    return toPayload('member', changeMemberRole(ctx, input));
  }

  @Mutation(() => RemoveMemberPayload, {
    description:
      'Takes a member out of a project, owners only, or leaves it oneself. Their API keys for it are revoked, their live subscriptions end. User error: LAST_OWNER.',
  })
  removeMember(
    @Ctx() ctx: Context,
    @Arg('input', () => RemoveMemberInput, { description: 'Who.' }) input: RemoveMemberInput,
  ) {
    return toPayload('member', removeMember(ctx, input));
  }
}

@Resolver(() => Project)
export class ProjectMembersResolver {
  @FieldResolver(() => MemberConnection, {
    nullable: true,
    description: 'Who is in it, newest first. Not for API keys: FORBIDDEN.',
  })
  members(@Ctx() ctx: Context, @Root() project: ProjectRow, @Args(() => PageArgs) page: PageArgs) {
    return listMembers(ctx, project.id, page);
  }
}
