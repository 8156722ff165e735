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
  @Reads(globalId('ApiKey'), () => ID, { description: 'Opaque and stable.' })
  readonly id: string;

  @FieldResolver(() => ApiKeyKind, { description: 'Whose it is.' })
  kind(@Root() key: ApiKeyRow): ApiKeyKind {
    return key.userId === null ? ApiKeyKind.SERVICE : ApiKeyKind.PERSONAL;
  }

  @FieldResolver(() => User, { nullable: true, description: 'Whose PERSONAL key it is.' })
  user(@Ctx() ctx: Context, @Root() key: ApiKeyRow) {
    return key.userId === null ? null : userById(ctx, key.userId);
  }

  @Reads(row(apiKeyView, 'projectId', projects), () => Project, { description: 'What it is for.' })
  readonly project: ProjectRow;

  @Mutation(() => CreateApiKeyPayload, {
    description: 'Makes a key for a project; its secret is shown this once. Not for API keys: FORBIDDEN.',
  })
  createApiKey(
    @Ctx() ctx: Context,
    @Arg('input', () => CreateApiKeyInput, { description: 'What it is for, and what it may do.' })
    input: CreateApiKeyInput,
  ) {
    return toPayloadOf(['apiKey', 'secret'], createApiKey(ctx, input));
  }

  @Mutation(() => RevokeApiKeyPayload, {
    description:
      'Ends a key at once and for good, its live subscriptions too: owners any, members their own.',
  })
  revokeApiKey(
    @Ctx() ctx: Context,
    @Arg('input', () => RevokeApiKeyInput, { description: 'Which one.' }) input: RevokeApiKeyInput,
  ) {
    return toPayload('apiKey', revokeApiKey(ctx, input));
  }
}

@Resolver(() => Project)
export class ProjectApiKeysResolver {
  @FieldResolver(() => ApiKeyConnection, {
    nullable: true,
    description:
      'Its keys, newest first, the revoked ones too: all for owners, for other members their own. Not for API keys: FORBIDDEN.',
  })
  apiKeys(@Ctx() ctx: Context, @Root() project: ProjectRow, @Args(() => PageArgs) page: PageArgs) {
    return listApiKeys(ctx, project.id, page);
  }
}
