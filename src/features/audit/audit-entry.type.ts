import { ArgsType, Field, ID, InputType, ObjectType, registerEnumType } from 'type-graphql';
import { DateTimeScalar, JsonObjectScalar, SafeIntScalar } from '../../platform/graphql/scalars.ts';
import { connectionType, PageArgs } from '../../platform/reads/connection.ts';
import { type AuditAction as Action, auditActions } from '../access/record-audit.ts';

const descriptions: Record<Action, string> = {
  PROJECT_CREATED: 'The project was created.',
  PROJECT_ARCHIVED: 'The project was archived: it is read-only.',
  PROJECT_RESTORED: 'The archived project was restored.',
  PROJECT_DELETION_REQUESTED: 'The deletion of the project was requested.',
  MEMBER_INVITED: 'An invitation was created.',
  INVITATION_WITHDRAWN: 'An invitation was withdrawn.',
  INVITATION_ACCEPTED: 'An invitation was accepted: a user became a member.',
  MEMBER_ROLE_CHANGED: "A member's role was changed.",
  MEMBER_REMOVED: 'A member left or was removed.',
  API_KEY_CREATED: 'An API key was created.',
  API_KEY_REVOKED: 'An API key was revoked.',
  PROVIDER_KEY_SET: "The project's provider key was set or replaced.",
  PROVIDER_KEY_REMOVED: "The project's provider key was removed.",
  IMAGE_UPLOADED: 'An image was stored.',
  CHARACTER_CREATED: 'A character was created.',
  CHARACTER_UPDATED: 'Fields of a character were changed; `details` names them.',
  CHARACTER_ARCHIVED: 'A character was archived.',
  REFERENCE_IMAGE_ADDED: 'A reference image was added to a character.',
  REFERENCE_IMAGE_REMOVED: 'A reference image was removed from a character.',
  GENERATION_REQUESTED: 'A run was requested.',
  GENERATION_CANCELED: 'The cancellation of a run was requested.',
  GENERATION_APPROVED: 'A run that waited for approval was approved.',
  GENERATION_REJECTED: 'A run that waited for approval was rejected.',
  GENERATION_RESOLVED:
    'A person entered the cost of an UNCERTAIN run, or of an ended run whose cost was unknown.',
  BUDGET_CREATED: 'A budget was created.',
  BUDGET_UPDATED: "A budget's cap or thresholds were changed.",
  BUDGET_REMOVED: 'A budget was removed.',
  PROJECT_UPDATED: "The project's time zone was changed.",
  USER_EXPORTED: 'The data about a user was exported. Listed in `installationAuditLog` only.',
  USER_FORGOTTEN: 'A user was forgotten. Listed in `installationAuditLog` only.',
  PROJECT_LIMITS_UPDATED:
    "The project's limit of concurrent runs, or its amounts for approval, were changed.",
};

export const AuditAction = Object.fromEntries(auditActions.map((action) => [action, action]));
registerEnumType(AuditAction, {
  name: 'AuditAction',
  description: 'The action that an audit entry records.',
  valuesConfig: Object.fromEntries(
    auditActions.map((action) => [action, { description: descriptions[action] }]),
  ),
});

@ObjectType({ description: 'The caller of the action that an audit entry records.' })
export class AuditActor {}

@ObjectType({
  description:
    'One action in a project, or on the installation. Entries are never changed and never deleted.',
})
export class AuditEntry {
  @Field(() => SafeIntScalar, {
    description:
      'The number of the entry: 1, 2, 3 … without gaps within a project, or within the log of the installation.',
  })
  sequence: bigint;
  @Field(() => DateTimeScalar, { description: "When it was done, by the database's clock." })
  at: Date;
  @Field(() => AuditAction, { description: 'The action.' })
  action: string;
  @Field(() => String, { description: 'The type of the object that was acted on.' })
  targetType: string;
  @Field(() => JsonObjectScalar, {
    description: 'Further facts, such as roles, models and key prefixes. Never contains a secret.',
  })
  details: unknown;
  @Field(() => String, {
    description:
      'SHA-256, as 64 hexadecimal digits, over the stored values of the entry and the `hash` of the entry before it in the same log (64 zeros for the first entry). So no entry can be changed, or removed from between others, unless all later hashes change too. The stored values are not all fields of the API, so `npm run verify` checks the hashes, and clients cannot.',
  })
  hash: string;
}

export const AuditEntryConnection = connectionType('AuditEntry', () => AuditEntry);

@InputType({ description: 'Restricts the entries of an audit log. An entry must meet all conditions.' })
export class AuditLogFilter {
  @Field(() => [AuditAction], { nullable: true, description: 'Entries with one of these actions.' })
  actions?: Action[] | null;
  @Field(() => ID, {
    nullable: true,
    description: "Entries of this user, including those made with the user's PERSONAL keys.",
  })
  userId?: string | null;
  @Field(() => ID, { nullable: true, description: 'Entries made with this API key.' })
  apiKeyId?: string | null;
  @Field(() => ID, { nullable: true, description: 'Entries about the object with this global id.' })
  targetId?: string | null;
  @Field(() => DateTimeScalar, { nullable: true, description: 'Entries at or after this moment.' })
  from?: Date | null;
  @Field(() => DateTimeScalar, { nullable: true, description: 'Entries before this moment.' })
  until?: Date | null;
}

/** Which page of which entries. */
@ArgsType()
export class AuditPageArgs extends PageArgs {
  @Field(() => AuditLogFilter, {
    nullable: true,
    description: 'Restricts the entries. Left out: all entries.',
  })
  filter?: AuditLogFilter | null;
}
