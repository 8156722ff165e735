import { Field, ID, InputType, ObjectType, registerEnumType } from 'type-graphql';
import type { Role as RoleName } from '../../platform/auth/role.ts';
import { payloadType } from '../../platform/graphql/payload.ts';
import { DateTimeScalar } from '../../platform/graphql/scalars.ts';
import { connectionType, Node } from '../../platform/reads/connection.ts';
import { Role } from '../access/user.type.ts';

/** The owner of a key: a user, or the project. */
export enum ApiKeyKind {
  PERSONAL = 'PERSONAL',
  SERVICE = 'SERVICE',
}
registerEnumType(ApiKeyKind, {
  name: 'ApiKeyKind',
  description: 'Whose key it is.',
  valuesConfig: {
    PERSONAL: {
      description: "A member's own: it can never do more than they can, and ends with their membership.",
    },
    SERVICE: { description: "The project's, for a frontend or a script: it outlives whoever made it." },
  },
});

@ObjectType({ implements: Node, description: 'A key for one project. The key itself is never told again.' })
export class ApiKey extends Node {
  @Field(() => String, { description: 'What it is for.' })
  name: string;
  @Field(() => String, { description: 'How the key begins, to recognise it by.' })
  prefix: string;
  @Field(() => Role, { description: 'What it may do at the most.' })
  role: RoleName;
  @Field(() => [String], { description: 'Slugs of the models it may run; empty for every model.' })
  allowedModels: string[];
  @Field(() => DateTimeScalar, { description: 'When it was made.' })
  createdAt: Date;
  @Field(() => DateTimeScalar, { nullable: true, description: 'When it ends by itself; null for never.' })
  expiresAt: Date | null;
  @Field(() => DateTimeScalar, { nullable: true, description: 'When it was last used, to the minute.' })
  lastUsedAt: Date | null;
  @Field(() => DateTimeScalar, { nullable: true, description: 'When it was revoked.' })
  revokedAt: Date | null;
}

export const ApiKeyConnection = connectionType('ApiKey', () => ApiKey);

@InputType({ description: 'A new key.' })
export class CreateApiKeyInput {
  @Field(() => ID, { description: 'The project it is for.' })
  projectId: string;
  @Field(() => String, { description: 'What it is for: from 1 to 200 characters.' })
  name: string;
  @Field(() => ApiKeyKind, { description: 'Whose it is. Any user makes PERSONAL ones, owners SERVICE ones.' })
  kind: ApiKeyKind;
  @Field(() => Role, { description: "What it may do; of a PERSONAL key at most the viewer's own role." })
  role: RoleName;
  @Field(() => [String], {
    nullable: true,
    description: 'Slugs of the models it may run. Left out: every model.',
  })
  allowedModels?: string[] | null;
  @Field(() => DateTimeScalar, { nullable: true, description: 'When it ends by itself. Left out: never.' })
  expiresAt?: Date | null;
}

@InputType({ description: 'The key to revoke.' })
export class RevokeApiKeyInput {
  @Field(() => ID, { description: "The key's id." })
  id: string;
}

export const CreateApiKeyPayload = payloadType('CreateApiKey', 'apiKey', () => ApiKey, 'The new key.');
Field(() => String, {
  nullable: true,
  description: 'The key itself, for `Authorization: Bearer …`; shown this once.',
})(CreateApiKeyPayload.prototype, 'secret');
export const RevokeApiKeyPayload = payloadType('RevokeApiKey', 'apiKey', () => ApiKey, 'The revoked key.');
