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
  description: 'Whether a key belongs to a member or to the project.',
  valuesConfig: {
    PERSONAL: {
      description: "A member's key. It can never do more than the member, and it ends with the membership.",
    },
    SERVICE: {
      description:
        "The project's key, for a frontend or a script. It stays valid when the person who created it leaves.",
    },
  },
});

@ObjectType({
  implements: Node,
  description: 'An API key for one project. The secret itself is returned only by `createApiKey`.',
})
export class ApiKey extends Node {
  @Field(() => String, {
    description: 'What the key is used for, in the words of the person who created it.',
  })
  name: string;
  @Field(() => String, {
    description: 'The first characters of the key, by which a person can recognise it.',
  })
  prefix: string;
  @Field(() => Role, {
    description: "The most that the key may do. A PERSONAL key is also limited by the member's current role.",
  })
  role: RoleName;
  @Field(() => [String], { description: 'Slugs of the models that the key may run. Empty: every model.' })
  allowedModels: string[];
  @Field(() => DateTimeScalar, { description: 'When the key was created.' })
  createdAt: Date;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When the key expires; null when it does not.',
  })
  expiresAt: Date | null;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When the key was last used, to the minute; null when it has not been used.',
  })
  lastUsedAt: Date | null;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When the key was revoked; null when it was not.',
  })
  revokedAt: Date | null;
}

export const ApiKeyConnection = connectionType('ApiKey', () => ApiKey);

@InputType({ description: 'A new key.' })
export class CreateApiKeyInput {
  @Field(() => ID, { description: 'The id of the project that the key is for.' })
  projectId: string;
  @Field(() => String, { description: 'What the key is used for: 1 to 200 characters.' })
  name: string;
  @Field(() => ApiKeyKind, {
    description: 'Any user who is a member may create a PERSONAL key; only owners may create a SERVICE key.',
  })
  kind: ApiKeyKind;
  @Field(() => Role, {
    description: "The most that the key may do; for a PERSONAL key at most the viewer's own role.",
  })
  role: RoleName;
  @Field(() => [String], {
    nullable: true,
    description: 'Slugs of the models that the key may run. Left out: every model.',
  })
  allowedModels?: string[] | null;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When the key expires: a moment in the future. Left out: never.',
  })
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
  description:
    'The secret, sent as `Authorization: Bearer …`. It is shown only here. Null when there are user errors.',
})(CreateApiKeyPayload.prototype, 'secret');
export const RevokeApiKeyPayload = payloadType('RevokeApiKey', 'apiKey', () => ApiKey, 'The revoked key.');
