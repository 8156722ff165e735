import { Arg, Ctx, ID, Mutation, Resolver } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { toPayload } from '../../platform/graphql/payload.ts';
import { PageArgs } from '../../platform/reads/connection.ts';
import type { Page } from '../../platform/reads/page.ts';
import { connection, globalId, row } from '../../platform/reads/reading.ts';
import { Reads } from '../../platform/reads/reads.ts';
import { ofProject } from '../access/readable.ts';
import { type UserRow, users } from '../access/user.queries.ts';
import { User } from '../access/user.type.ts';
import { type ProjectRow, projects } from '../projects/project.queries.ts';
import { Project } from '../projects/project.type.ts';
import { changeMemberRole } from './change-member-role.ts';
import type { MemberRow } from './member.queries.ts';
import {
  ChangeMemberRoleInput,
  ChangeMemberRolePayload,
  Member,
  MemberConnection,
  RemoveMemberInput,
  RemoveMemberPayload,
} from './member.type.ts';
import { membersOfProject, memberView } from './member.view.ts';
import { removeMember } from './remove-member.ts';

@Resolver(() => Member)
export class MemberResolver {
  @Reads(globalId('Member'), () => ID, { description: 'The global id. Opaque and stable.' })
  readonly id: string;

  @Reads(row(memberView, 'userId', users), () => User, { description: 'The user who is the member.' })
  readonly user: UserRow;

  @Reads(row(memberView, 'projectId', projects), () => Project, {
    description: 'The project that the user is a member of.',
  })
  readonly project: ProjectRow;

  @Mutation(() => ChangeMemberRolePayload, {
    description:
      'Gives a member another role. Owners only; others and API keys get FORBIDDEN. User error: LAST_OWNER.',
  })
  changeMemberRole(
    @Ctx() ctx: Context,
    @Arg('input', () => ChangeMemberRoleInput, { description: 'The member and the new role.' })
    input: ChangeMemberRoleInput,
  ) {
    return toPayload('member', changeMemberRole(ctx, input));
  }

  @Mutation(() => RemoveMemberPayload, {
    description:
      "Removes a member from a project. Owners may remove any member, and members may remove themselves. The member's API keys for the project are revoked, and their live subscriptions end. API keys get FORBIDDEN. User error: LAST_OWNER.",
  })
  removeMember(
    @Ctx() ctx: Context,
    @Arg('input', () => RemoveMemberInput, { description: 'The member to remove.' }) input: RemoveMemberInput,
  ) {
    return toPayload('member', removeMember(ctx, input));
  }
}

@Resolver(() => Project)
export class ProjectMembersResolver {
  @Reads(connection(ofProject('READ_MEMBERS'), membersOfProject), () => MemberConnection, {
    args: () => PageArgs,
    nullable: true,
    description: "The project's members, newest first. API keys get FORBIDDEN.",
  })
  readonly members: Page<MemberRow>;
}
