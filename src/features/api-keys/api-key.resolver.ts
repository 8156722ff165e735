import { Arg, Ctx, ID, Mutation, Resolver } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { toPayload, toPayloadOf } from '../../platform/graphql/payload.ts';
import { PageArgs } from '../../platform/reads/connection.ts';
import type { Page } from '../../platform/reads/page.ts';
import { connection, globalId, made, optionalRow, row } from '../../platform/reads/reading.ts';
import { Reads } from '../../platform/reads/reads.ts';
import { ofProject } from '../access/readable.ts';
import { type UserRow, users } from '../access/user.queries.ts';
import { User } from '../access/user.type.ts';
import { type ProjectRow, projects } from '../projects/project.queries.ts';
import { Project } from '../projects/project.type.ts';
import type { ApiKeyRow } from './api-key.queries.ts';
import {
  ApiKey,
  ApiKeyConnection,
  ApiKeyKind,
  CreateApiKeyInput,
  CreateApiKeyPayload,
  RevokeApiKeyInput,
  RevokeApiKeyPayload,
} from './api-key.type.ts';
import { apiKeysOfProject, apiKeyView } from './api-key.view.ts';
import { createApiKey } from './create-api-key.ts';
import { revokeApiKey } from './revoke-api-key.ts';

@Resolver(() => ApiKey)
export class ApiKeyResolver {
  @Reads(globalId('ApiKey'), () => ID, { description: 'The global id. Opaque and stable.' })
  readonly id: string;

  @Reads(
    made(apiKeyView, ['userId'], ({ userId }) =>
      userId === null ? ApiKeyKind.SERVICE : ApiKeyKind.PERSONAL,
    ),
    () => ApiKeyKind,
    { description: 'Whether the key belongs to a member or to the project.' },
  )
  readonly kind: ApiKeyKind;

  @Reads(optionalRow(apiKeyView, 'userId', users), () => User, {
    nullable: true,
    description: 'The member whose PERSONAL key it is; null for a SERVICE key.',
  })
  readonly user: UserRow | null;

  @Reads(row(apiKeyView, 'projectId', projects), () => Project, {
    description: 'The project that the key is for.',
  })
  readonly project: ProjectRow;

  @Mutation(() => CreateApiKeyPayload, {
    description:
      'Creates an API key for a project. The secret is shown only in this payload. Owners create SERVICE keys, and users who are members create PERSONAL keys for themselves; others get FORBIDDEN, as do API keys. User error: PROJECT_DELETING.',
  })
  createApiKey(
    @Ctx() ctx: Context,
    @Arg('input', () => CreateApiKeyInput, {
      description: "The new key's project, name, kind and permissions.",
    })
    input: CreateApiKeyInput,
  ) {
    return toPayloadOf(['apiKey', 'secret'], createApiKey(ctx, input));
  }

  @Mutation(() => RevokeApiKeyPayload, {
    description:
      'Revokes an API key at once and permanently; its live subscriptions end. Owners may revoke any key of the project, other members their own keys. API keys get FORBIDDEN. Revoking a key twice is no error.',
  })
  revokeApiKey(
    @Ctx() ctx: Context,
    @Arg('input', () => RevokeApiKeyInput, { description: 'The key to revoke.' }) input: RevokeApiKeyInput,
  ) {
    return toPayload('apiKey', revokeApiKey(ctx, input));
  }
}

@Resolver(() => Project)
export class ProjectApiKeysResolver {
  @Reads(connection(ofProject('USE_OWN_API_KEYS'), apiKeysOfProject), () => ApiKeyConnection, {
    args: () => PageArgs,
    nullable: true,
    description:
      "The project's API keys, newest first, including revoked keys. Owners see all of them, other members their own. API keys get FORBIDDEN.",
  })
  readonly apiKeys: Page<ApiKeyRow>;
}
