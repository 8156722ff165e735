import { Field, ID, InputType, ObjectType } from 'type-graphql';
import type { Role as RoleName } from '../../platform/auth/role.ts';
import { payloadType } from '../../platform/graphql/payload.ts';
import { DateTimeScalar } from '../../platform/graphql/scalars.ts';
import { connectionType, Node } from '../../platform/reads/connection.ts';
import { Role } from '../access/user.type.ts';

@ObjectType({ implements: Node, description: 'A user in a project.' })
export class Member extends Node {
  @Field(() => Role, { description: 'What they may do there.' })
  role: RoleName;
  @Field(() => DateTimeScalar, { description: 'When they joined.' })
  createdAt: Date;
}

export const MemberConnection = connectionType('Member', () => Member);

@InputType({ description: 'A new role for a member.' })
export class ChangeMemberRoleInput {
  @Field(() => ID, { description: "The member's id." })
  id: string;
  @Field(() => Role, { description: 'What they may do from now on.' })
  role: RoleName;
}

@InputType({ description: 'The member to remove; oneself to leave.' })
export class RemoveMemberInput {
  @Field(() => ID, { description: "The member's id." })
  id: string;
}

export const ChangeMemberRolePayload = payloadType(
  'ChangeMemberRole',
  'member',
  () => Member,
  'The member with their new role.',
);
export const RemoveMemberPayload = payloadType(
  'RemoveMember',
  'member',
  () => Member,
  'The member who was removed.',
);
