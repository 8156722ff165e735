import { Arg, Args, Ctx, Extensions, FieldResolver, ID, Mutation, Resolver, Root } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { toPayload, toPayloadOf } from '../../platform/graphql/payload.ts';
import { PageArgs } from '../../platform/reads/connection.ts';
import { globalId, row } from '../../platform/reads/reading.ts';
import { Reads } from '../../platform/reads/reads.ts';
import { type ProjectRow, projects } from '../projects/project.queries.ts';
import { Project } from '../projects/project.type.ts';
import { acceptInvitation } from './accept-invitation.ts';
import { type InvitationRow, listInvitations, statusOf } from './invitation.queries.ts';
import {
  AcceptInvitationInput,
  AcceptInvitationPayload,
  Invitation,
  InvitationConnection,
  InvitationStatus,
  InviteMemberInput,
  InviteMemberPayload,
  WithdrawInvitationInput,
  WithdrawInvitationPayload,
} from './invitation.type.ts';
import { invitationView } from './invitation.view.ts';
import { inviteMember } from './invite-member.ts';
import { withdrawInvitation } from './withdraw-invitation.ts';

@Resolver(() => Invitation)
export class InvitationResolver {
  @Reads(globalId('Invitation'), () => ID, { description: 'Opaque and stable.' })
  readonly id: string;

  @FieldResolver(() => InvitationStatus, { description: 'Where it stands now.' })
  status(@Ctx() ctx: Context, @Root() invitation: InvitationRow): InvitationStatus {
    return statusOf(ctx, invitation);
  }

  @Reads(row(invitationView, 'projectId', projects), () => Project, { description: 'Where to.' })
  readonly project: ProjectRow;

  @Mutation(() => InviteMemberPayload, {
    description:
      'Offers membership to whoever has an e-mail address; owners only. User errors: ALREADY_MEMBER, ALREADY_INVITED.',
  })
  inviteMember(
    @Ctx() ctx: Context,
    @Arg('input', () => InviteMemberInput, { description: 'Whom, and as what.' }) input: InviteMemberInput,
  ) {
    return toPayloadOf(['invitation', 'token'], inviteMember(ctx, input));
  }

  // Dear, so that nobody guesses tokens by the hundred in one request.
  @Extensions({ points: 100 })
  @Mutation(() => AcceptInvitationPayload, {
    description:
      'Makes the viewer, a user, a member. User errors: INVITATION_INVALID, INVITATION_FOR_ANOTHER, INVITATION_USED, INVITATION_EXPIRED.',
  })
  acceptInvitation(
    @Ctx() ctx: Context,
    @Arg('input', () => AcceptInvitationInput, { description: 'Which one.' }) input: AcceptInvitationInput,
  ) {
    return toPayload('member', acceptInvitation(ctx, input));
  }

  @Mutation(() => WithdrawInvitationPayload, {
    description: 'Takes an invitation back; owners only. User error: INVITATION_USED.',
  })
  withdrawInvitation(
    @Ctx() ctx: Context,
    @Arg('input', () => WithdrawInvitationInput, { description: 'Which one.' })
    input: WithdrawInvitationInput,
  ) {
    return toPayload('invitation', withdrawInvitation(ctx, input));
  }
}

@Resolver(() => Project)
export class ProjectInvitationsResolver {
  @FieldResolver(() => InvitationConnection, {
    nullable: true,
    description: 'Its invitations, newest first, the settled ones too; owners only.',
  })
  invitations(@Ctx() ctx: Context, @Root() project: ProjectRow, @Args(() => PageArgs) page: PageArgs) {
    return listInvitations(ctx, project.id, page);
  }
}
