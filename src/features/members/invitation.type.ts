import { Field, ID, InputType, ObjectType, registerEnumType } from 'type-graphql';
import type { Role as RoleName } from '../../platform/auth/role.ts';
import { payloadType } from '../../platform/graphql/payload.ts';
import { DateTimeScalar } from '../../platform/graphql/scalars.ts';
import { connectionType, Node } from '../../platform/reads/connection.ts';
import { Role } from '../access/user.type.ts';
import { Member } from './member.type.ts';

/** The status of an invitation. */
export enum InvitationStatus {
  PENDING = 'PENDING',
  ACCEPTED = 'ACCEPTED',
  WITHDRAWN = 'WITHDRAWN',
  EXPIRED = 'EXPIRED',
}
registerEnumType(InvitationStatus, {
  name: 'InvitationStatus',
  description: 'The state of an invitation.',
  valuesConfig: {
    PENDING: { description: 'The token of the invitation can be used.' },
    ACCEPTED: { description: 'The token of the invitation has been used.' },
    WITHDRAWN: { description: 'An owner withdrew the invitation.' },
    EXPIRED: { description: 'The token of the invitation was not used in time.' },
  },
});

@ObjectType({ implements: Node, description: 'An offer to become a member of a project.' })
export class Invitation extends Node {
  @Field(() => String, {
    nullable: true,
    description:
      'The e-mail address of the invited person, in lower case. Null once it was cleared: within an hour after the invitation was accepted or withdrawn, or has expired.',
  })
  email: string | null;
  @Field(() => Role, { description: 'The role that the person will have.' })
  role: RoleName;
  @Field(() => DateTimeScalar, { description: 'When the invitation was created.' })
  createdAt: Date;
  @Field(() => DateTimeScalar, { description: 'When the token of the invitation expires.' })
  expiresAt: Date;
}

export const InvitationConnection = connectionType('Invitation', () => Invitation);

@InputType({ description: 'A new invitation.' })
export class InviteMemberInput {
  @Field(() => ID, { description: 'The id of the project that the person is invited to.' })
  projectId: string;
  @Field(() => String, { description: 'The e-mail address of the person. The server sends nothing to it.' })
  email: string;
  @Field(() => Role, { description: 'The role that the person will have.' })
  role: RoleName;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When the token expires: at most 90 days from now. Left out: in 7 days.',
  })
  expiresAt?: Date | null;
}

@InputType({ description: 'The invitation to accept.' })
export class AcceptInvitationInput {
  @Field(() => String, { description: 'The token of the invitation, from `inviteMember`.' })
  token: string;
}

@InputType({ description: 'The invitation to withdraw.' })
export class WithdrawInvitationInput {
  @Field(() => ID, { description: "The invitation's id." })
  id: string;
}

export const InviteMemberPayload = payloadType(
  'InviteMember',
  'invitation',
  () => Invitation,
  'The new invitation.',
);
Field(() => String, {
  nullable: true,
  description:
    'The token that the invited person needs. It is shown only here: give it to the person yourself. Null when there are user errors.',
})(InviteMemberPayload.prototype, 'token');

export const AcceptInvitationPayload = payloadType(
  'AcceptInvitation',
  'member',
  () => Member,
  'The viewer as a member of the project.',
);
export const WithdrawInvitationPayload = payloadType(
  'WithdrawInvitation',
  'invitation',
  () => Invitation,
  'The withdrawn invitation. Its token can no longer be used.',
);
