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
  description: 'Where an invitation stands.',
  valuesConfig: {
    PENDING: { description: 'Its token can be used.' },
    ACCEPTED: { description: 'Its token has been used.' },
    WITHDRAWN: { description: 'An owner took it back.' },
    EXPIRED: { description: 'Nobody used it in time.' },
  },
});

@ObjectType({ implements: Node, description: 'An offer to become a member.' })
export class Invitation extends Node {
  @Field(() => String, {
    nullable: true,
    description:
      'The address of the invited person, in lower case. Null once it was cleared: within an hour after the invitation was accepted or withdrawn, or has expired.',
  })
  email: string | null;
  @Field(() => Role, { description: 'What they will be.' })
  role: RoleName;
  @Field(() => DateTimeScalar, { description: 'When it was made.' })
  createdAt: Date;
  @Field(() => DateTimeScalar, { description: 'Until when its token can be used.' })
  expiresAt: Date;
}

export const InvitationConnection = connectionType('Invitation', () => Invitation);

@InputType({ description: 'Whom to invite.' })
export class InviteMemberInput {
  @Field(() => ID, { description: 'The project to invite them to.' })
  projectId: string;
  @Field(() => String, { description: 'Their e-mail address; we send nothing to it.' })
  email: string;
  @Field(() => Role, { description: 'What they will be.' })
  role: RoleName;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'Until when the token can be used: at most 90 days. Left out: 7 days.',
  })
  expiresAt?: Date | null;
}

@InputType({ description: 'The invitation to accept.' })
export class AcceptInvitationInput {
  @Field(() => String, { description: 'Its token, as the inviter got it.' })
  token: string;
}

@InputType({ description: 'The invitation to take back.' })
export class WithdrawInvitationInput {
  @Field(() => ID, { description: "The invitation's id." })
  id: string;
}

export const InviteMemberPayload = payloadType(
  'InviteMember',
  'invitation',
  () => Invitation,
  'The invitation.',
);
Field(() => String, {
  nullable: true,
  description: 'What the invited person needs; shown this once. Give it to them yourself.',
})(InviteMemberPayload.prototype, 'token');

export const AcceptInvitationPayload = payloadType(
  'AcceptInvitation',
  'member',
  () => Member,
  'The viewer as a member.',
);
export const WithdrawInvitationPayload = payloadType(
  'WithdrawInvitation',
  'invitation',
  () => Invitation,
  'The invitation, whose token is worth nothing now.',
);
