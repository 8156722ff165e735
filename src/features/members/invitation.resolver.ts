import { Arg, Ctx, Extensions, ID, Mutation, Resolver } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { toPayload, toPayloadOf } from '../../platform/graphql/payload.ts';
import { PageArgs } from '../../platform/reads/connection.ts';
import type { Page } from '../../platform/reads/page.ts';
import { connection, globalId, made, row } from '../../platform/reads/reading.ts';
import { Reads } from '../../platform/reads/reads.ts';
import { ofProject } from '../access/readable.ts';
import { type ProjectRow, projects } from '../projects/project.queries.ts';
import { Project } from '../projects/project.type.ts';
import { acceptInvitation } from './accept-invitation.ts';
import { type InvitationRow, statusOf } from './invitation.queries.ts';
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
import { invitationsOfProject, invitationView } from './invitation.view.ts';
import { inviteMember } from './invite-member.ts';
import { withdrawInvitation } from './withdraw-invitation.ts';

@Resolver(() => Invitation)
export class InvitationResolver {
  @Reads(globalId('Invitation'), () => ID, { description: 'The global id. Opaque and stable.' })
  readonly id: string;

  @Reads(made(invitationView, ['acceptedAt', 'withdrawnAt', 'expiresAt'], statusOf), () => InvitationStatus, {
    description: 'The present state of the invitation.',
  })
  readonly status: InvitationStatus;

  @Reads(row(invitationView, 'projectId', projects), () => Project, {
    description: 'The project that the invitation is for.',
  })
  readonly project: ProjectRow;

  @Mutation(() => InviteMemberPayload, {
    description:
      'Invites a person by e-mail address to become a member. The server sends nothing: give the token to the person. Owners only; others and API keys get FORBIDDEN. User errors: ALREADY_MEMBER, ALREADY_INVITED, PROJECT_DELETING.',
  })
  inviteMember(
    @Ctx() ctx: Context,
    @Arg('input', () => InviteMemberInput, { description: 'The address, and the role of the new member.' })
    input: InviteMemberInput,
  ) {
    return toPayloadOf(['invitation', 'token'], inviteMember(ctx, input));
  }

  // The high cost in points keeps a client from guessing hundreds of tokens in one request.
  @Extensions({ points: 100 })
  @Mutation(() => AcceptInvitationPayload, {
    description:
      'Makes the viewer a member of the project of the invitation. For users; others get FORBIDDEN. Accepting it again is no error while the viewer is still a member. User errors: INVITATION_INVALID, INVITATION_FOR_ANOTHER, INVITATION_USED, INVITATION_EXPIRED, PROJECT_DELETING.',
  })
  acceptInvitation(
    @Ctx() ctx: Context,
    @Arg('input', () => AcceptInvitationInput, { description: 'The invitation to accept.' })
    input: AcceptInvitationInput,
  ) {
    return toPayload('member', acceptInvitation(ctx, input));
  }

  @Mutation(() => WithdrawInvitationPayload, {
    description:
      'Withdraws an invitation. Owners only; others and API keys get FORBIDDEN. Withdrawing it twice is no error. User error: INVITATION_USED.',
  })
  withdrawInvitation(
    @Ctx() ctx: Context,
    @Arg('input', () => WithdrawInvitationInput, { description: 'The invitation to withdraw.' })
    input: WithdrawInvitationInput,
  ) {
    return toPayload('invitation', withdrawInvitation(ctx, input));
  }
}

@Resolver(() => Project)
export class ProjectInvitationsResolver {
  @Reads(connection(ofProject('MANAGE_MEMBERS'), invitationsOfProject), () => InvitationConnection, {
    args: () => PageArgs,
    nullable: true,
    description:
      "The project's invitations, newest first, including those that were accepted, withdrawn or have expired. Owners only; others and API keys get FORBIDDEN.",
  })
  readonly invitations: Page<InvitationRow>;
}
