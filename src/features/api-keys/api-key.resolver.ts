import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Resolver, Root } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { toPayload, toPayloadOf } from '../../platform/graphql/payload.ts';
import { PageArgs } from '../../platform/reads/connection.ts';
import { globalId, row } from '../../platform/reads/reading.ts';
import { Reads } from '../../platform/reads/reads.ts';
import { userById } from '../access/user.queries.ts';
import { User } from '../access/user.type.ts';
import { type ProjectRow, projects } from '../projects/project.queries.ts';
import { Project } from '../projects/project.type.ts';
import { type ApiKeyRow, listApiKeys } from './api-key.queries.ts';
import {
  ApiKey,
  ApiKeyConnection,
  ApiKeyKind,
  CreateApiKeyInput,
  CreateApiKeyPayload,
  RevokeApiKeyInput,
  RevokeApiKeyPayload,
} from './api-key.type.ts';
import { apiKeyView } from './api-key.view.ts';
import { createApiKey } from './create-api-key.ts';
import { revokeApiKey } from './revoke-api-key.ts';

@Resolver(() => ApiKey)
export class ApiKeyResolver {
  @Reads(globalId('ApiKey'), () => ID, { description: 'The global id. Opaque and stable.' })
  readonly id: string;

  @FieldResolver(() => ApiKeyKind, { description: 'Whether the key belongs to a member or to the project.' })
  kind(@Root() key: ApiKeyRow): ApiKeyKind {
    return key.userId === null ? ApiKeyKind.SERVICE : ApiKeyKind.PERSONAL;
  }

  @FieldResolver(() => User, {
    nullable: true,
    description: 'The member whose PERSONAL key it is; null for a SERVICE key.',
  })
  user(@Ctx() ctx: Context, @Root() key: ApiKeyRow) {
    return key.userId === null ? null : userById(ctx, key.userId);
  }

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
  @FieldResolver(() => ApiKeyConnection, {
    nullable: true,
    description:
      "The project's API keys, newest first, including revoked keys. Owners see all of them, other members their own. API keys get FORBIDDEN.",
  })
  apiKeys(@Ctx() ctx: Context, @Root() project: ProjectRow, @Args(() => PageArgs) page: PageArgs) {
    return listApiKeys(ctx, project.id, page);
  }
}
