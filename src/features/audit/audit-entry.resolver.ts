import { Arg, Args, Ctx, FieldResolver, ID, Query, Resolver, Root } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { JsonObjectScalar, SafeIntScalar } from '../../platform/graphql/scalars.ts';
import { PageArgs } from '../../platform/reads/connection.ts';
import { userById } from '../access/user.queries.ts';
import { User } from '../access/user.type.ts';
import { auditedApiKey } from '../api-keys/api-key.queries.ts';
import { ApiKey } from '../api-keys/api-key.type.ts';
import type { ProjectRow } from '../projects/project.queries.ts';
import { Project } from '../projects/project.type.ts';
import {
  type AuditEntryRow,
  detailsOf,
  listAuditEntries,
  listInstallationAuditEntries,
  targetOf,
} from './audit-entry.queries.ts';
import { AuditActor, AuditEntry, AuditEntryConnection, AuditLogFilter } from './audit-entry.type.ts';

@Resolver(() => AuditEntry)
export class AuditEntryResolver {
  @FieldResolver(() => SafeIntScalar, {
    description:
      'The number of the entry: 1, 2, 3 … without gaps within a project, or within the log of the installation.',
  })
  sequence(@Root() entry: AuditEntryRow): number {
    return Number(entry.sequence);
  }

  @FieldResolver(() => AuditActor, { description: 'The caller who did it.' })
  actor(@Root() entry: AuditEntryRow) {
    return { ...entry, kind: entry.actorKind };
  }

  @FieldResolver(() => JsonObjectScalar, {
    description: 'Further facts, such as roles, models and key prefixes. Never contains a secret.',
  })
  details(@Root() entry: AuditEntryRow) {
    return detailsOf(entry);
  }

  @FieldResolver(() => ID, {
    description: 'The global id of the object that was acted on. The object may no longer exist.',
  })
  targetId(@Root() entry: AuditEntryRow): string {
    return targetOf(entry);
  }
}

@Resolver(() => AuditEntry)
export class InstallationAuditLogResolver {
  @Query(() => AuditEntryConnection, {
    nullable: true,
    description:
      'The audit log of the installation as a whole, newest entry first. For the admin; others get FORBIDDEN.',
  })
  installationAuditLog(@Ctx() ctx: Context, @Args(() => PageArgs) page: PageArgs) {
    return listInstallationAuditEntries(ctx, page);
  }
}

@Resolver(() => AuditActor)
export class AuditActorResolver {
  @FieldResolver(() => User, {
    nullable: true,
    description: 'The person; null for the admin and SERVICE keys.',
  })
  user(@Ctx() ctx: Context, @Root() { userId }: AuditEntryRow) {
    return userId === null ? null : userById(ctx, userId);
  }

  @FieldResolver(() => ApiKey, {
    nullable: true,
    description: 'The API key that was used; null for other credentials.',
  })
  apiKey(@Ctx() ctx: Context, @Root() { projectId, apiKeyId }: AuditEntryRow) {
    return apiKeyId === null ? null : auditedApiKey(ctx, projectId, apiKeyId);
  }
}

@Resolver(() => Project)
export class ProjectAuditLogResolver {
  @FieldResolver(() => AuditEntryConnection, {
    nullable: true,
    description:
      "The project's audit log, newest entry first: who did what to which object, when, and with which key. Owners only; others and API keys get FORBIDDEN.",
  })
  auditLog(
    @Ctx() ctx: Context,
    @Root() project: ProjectRow,
    @Args(() => PageArgs) page: PageArgs,
    @Arg('filter', () => AuditLogFilter, {
      nullable: true,
      description: 'Restricts the entries. Left out: all entries.',
    })
    filter: AuditLogFilter | null,
  ) {
    return listAuditEntries(ctx, project.id, { ...page, filter });
  }
}
