import { ID, Resolver } from 'type-graphql';
import { JsonObjectScalar, SafeIntScalar } from '../../platform/graphql/scalars.ts';
import { PageArgs } from '../../platform/reads/connection.ts';
import type { Page } from '../../platform/reads/page.ts';
import { column, connection, formerRow, made, same } from '../../platform/reads/reading.ts';
import { Reads, ReadsAtRoot } from '../../platform/reads/reads.ts';
import { rootConnection } from '../../platform/reads/root-reading.ts';
import { ofProject } from '../access/readable.ts';
import { type UserRow, users } from '../access/user.queries.ts';
import { User } from '../access/user.type.ts';
import { type ApiKeyRow, auditedApiKeys } from '../api-keys/api-key.queries.ts';
import { ApiKey } from '../api-keys/api-key.type.ts';
import { ViewerKind } from '../api-keys/viewer.type.ts';
import { Project } from '../projects/project.type.ts';
import { detailsOf, targetOf } from './audit-entry.queries.ts';
import { AuditActor, AuditEntry, AuditEntryConnection, AuditPageArgs } from './audit-entry.type.ts';
import {
  type AuditEntryRow,
  auditEntryView,
  auditLogOfProject,
  installationAuditLog,
} from './audit-entry.view.ts';

@Resolver(() => AuditEntry)
export class AuditEntryResolver {
  @Reads(
    made(auditEntryView, ['sequence'], ({ sequence }) => Number(sequence)),
    () => SafeIntScalar,
    {
      description:
        'The number of the entry: 1, 2, 3 … without gaps within a project, or within the log of the installation.',
    },
  )
  readonly sequence: number;

  @Reads(same(auditEntryView), () => AuditActor, { description: 'The caller who did it.' })
  readonly actor: AuditEntryRow;

  @Reads(made(auditEntryView, ['details'], detailsOf), () => JsonObjectScalar, {
    description: 'Further facts, such as roles, models and key prefixes. Never contains a secret.',
  })
  readonly details: Record<string, unknown>;

  @Reads(made(auditEntryView, ['targetType', 'targetId'], targetOf), () => ID, {
    description: 'The global id of the object that was acted on. The object may no longer exist.',
  })
  readonly targetId: string;
}

@Resolver(() => AuditEntry)
export class InstallationAuditLogResolver {
  @ReadsAtRoot(rootConnection(installationAuditLog), () => AuditEntryConnection, {
    args: () => PageArgs,
    nullable: true,
    description:
      'The audit log of the installation as a whole, newest entry first. For the admin; others get FORBIDDEN.',
  })
  readonly installationAuditLog: Page<AuditEntryRow>;
}

@Resolver(() => AuditActor)
export class AuditActorResolver {
  @Reads(column(auditEntryView, 'actorKind'), () => ViewerKind, {
    description: 'The kind of credentials that were used.',
  })
  readonly kind: string;

  @Reads(formerRow(auditEntryView, 'userId', users), () => User, {
    nullable: true,
    description: 'The person; null for the admin and SERVICE keys.',
  })
  readonly user: UserRow | null;

  @Reads(formerRow(auditEntryView, 'apiKeyId', auditedApiKeys), () => ApiKey, {
    nullable: true,
    description: 'The API key that was used; null for other credentials.',
  })
  readonly apiKey: ApiKeyRow | null;
}

@Resolver(() => Project)
export class ProjectAuditLogResolver {
  @Reads(connection(ofProject('READ_AUDIT_LOG'), auditLogOfProject), () => AuditEntryConnection, {
    args: () => AuditPageArgs,
    nullable: true,
    description:
      "The project's audit log, newest entry first: who did what to which object, when, and with which key. Owners only; others and API keys get FORBIDDEN.",
  })
  readonly auditLog: Page<AuditEntryRow>;
}
