import { Field, ID, InputType, ObjectType, registerEnumType } from 'type-graphql';
import { DateTimeScalar, JsonObjectScalar, SafeIntScalar } from '../../platform/graphql/scalars.ts';
import { connectionType } from '../../platform/reads/connection.ts';
import { type AuditAction as Action, auditActions } from '../access/record-audit.ts';
import { ViewerKind } from '../api-keys/viewer.type.ts';

const descriptions: Record<Action, string> = {
  PROJECT_CREATED: 'The project was made.',
  PROJECT_ARCHIVED: 'The project was made read-only.',
  PROJECT_RESTORED: 'The project was opened again.',
  PROJECT_DELETION_REQUESTED: 'The project was given up.',
  MEMBER_INVITED: 'An invitation was made.',
  INVITATION_WITHDRAWN: 'An invitation was taken back.',
  INVITATION_ACCEPTED: 'Somebody became a member.',
  MEMBER_ROLE_CHANGED: 'A member got another role.',
  MEMBER_REMOVED: 'A member left or was removed.',
  API_KEY_CREATED: 'A key was made.',
  API_KEY_REVOKED: 'A key was ended.',
  PROVIDER_KEY_SET: "The project's provider key was set or replaced.",
  PROVIDER_KEY_REMOVED: "The project's provider key was removed.",
  IMAGE_UPLOADED: 'A picture was stored.',
  CHARACTER_CREATED: 'A character was made.',
  CHARACTER_UPDATED: "A character's fields changed; `details` names them.",
  CHARACTER_ARCHIVED: 'A character was archived.',
  REFERENCE_IMAGE_ADDED: 'A character got a reference image.',
  REFERENCE_IMAGE_REMOVED: 'A reference image was taken off a character.',
  GENERATION_REQUESTED: 'A run was asked for.',
  GENERATION_CANCELED: 'A run was called off.',
  GENERATION_APPROVED: 'A run that may cost much was let pass.',
  GENERATION_REJECTED: 'A run that may cost much was turned down.',
  GENERATION_RESOLVED: 'A person said what an UNCERTAIN run had cost.',
  BUDGET_CREATED: 'A budget was made.',
  BUDGET_UPDATED: "A budget's cap or thresholds changed.",
  BUDGET_REMOVED: 'A budget was removed.',
  PROJECT_UPDATED: "The project's time zone changed.",
  USER_EXPORTED: 'The data about a user was exported. Listed in `installationAuditLog`.',
  USER_FORGOTTEN: 'A user was forgotten. Listed in `installationAuditLog`.',
  PROJECT_LIMITS_UPDATED: 'How many runs may be under way, or what needs approval, changed.',
};

export const AuditAction = Object.fromEntries(auditActions.map((action) => [action, action]));
registerEnumType(AuditAction, {
  name: 'AuditAction',
  description: 'What was done.',
  valuesConfig: Object.fromEntries(
    auditActions.map((action) => [action, { description: descriptions[action] }]),
  ),
});

@ObjectType({ description: 'Who did something.' })
export class AuditActor {
  @Field(() => ViewerKind, { description: 'By what they came.' })
  kind: string;
}

@ObjectType({
  description:
    'Something that was done in a project, or to the installation. Entries are never changed and never deleted.',
})
export class AuditEntry {
  @Field(() => SafeIntScalar, {
    description: '1, 2, 3 … without gaps within a project, and within the log of the installation.',
  })
  sequence: bigint;
  @Field(() => DateTimeScalar, { description: "When, by the database's clock." })
  at: Date;
  @Field(() => AuditAction, { description: 'What.' })
  action: string;
  @Field(() => String, { description: 'The type of the thing it was done to.' })
  targetType: string;
  @Field(() => JsonObjectScalar, { description: 'More about it: roles, models, prefixes; never a secret.' })
  details: unknown;
  @Field(() => String, {
    description:
      "SHA-256 over the entry and the previous one's `hash`: a list that was tampered with does not add up.",
  })
  hash: string;
}

export const AuditEntryConnection = connectionType('AuditEntry', () => AuditEntry);

@InputType({ description: 'Which entries; all conditions hold.' })
export class AuditLogFilter {
  @Field(() => [AuditAction], { nullable: true, description: 'Any of these.' })
  actions?: Action[] | null;
  @Field(() => ID, { nullable: true, description: 'By this user, also with a PERSONAL key of theirs.' })
  userId?: string | null;
  @Field(() => ID, { nullable: true, description: 'By this API key.' })
  apiKeyId?: string | null;
  @Field(() => ID, { nullable: true, description: 'Done to this thing.' })
  targetId?: string | null;
  @Field(() => DateTimeScalar, { nullable: true, description: 'At or after this moment.' })
  from?: Date | null;
  @Field(() => DateTimeScalar, { nullable: true, description: 'Before this moment.' })
  until?: Date | null;
}
