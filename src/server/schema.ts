import 'reflect-metadata';
import {
  defaultFieldResolver,
  type GraphQLFieldResolver,
  GraphQLInputObjectType,
  type GraphQLSchema,
  lexicographicSortSchema,
  printSchema,
} from 'graphql';
import { buildSchema, getMetadataStorage } from 'type-graphql';
import { UserResolver } from '../features/access/user.resolver.ts';
import { ApiKeyResolver, ProjectApiKeysResolver } from '../features/api-keys/api-key.resolver.ts';
import { ViewerResolver } from '../features/api-keys/viewer.resolver.ts';
import { ApprovalResolver } from '../features/approvals/approval.resolver.ts';
import {
  AuditActorResolver,
  AuditEntryResolver,
  InstallationAuditLogResolver,
  ProjectAuditLogResolver,
} from '../features/audit/audit-entry.resolver.ts';
import { BudgetResolver, ProjectBudgetsResolver } from '../features/budgets/budget.resolver.ts';
import {
  BudgetAlertResolver,
  ProjectBudgetAlertsResolver,
} from '../features/budgets/budget-alert.resolver.ts';
import { CharacterResolver, ProjectCharactersResolver } from '../features/characters/character.resolver.ts';
import { GenerationAccountingResolver } from '../features/generations/accounting.resolver.ts';
import {
  CharacterGenerationsResolver,
  GenerationResolver,
  ProjectGenerationsResolver,
} from '../features/generations/generation.resolver.ts';
import {
  GeneratedImageResolver,
  GenerationImagesResolver,
} from '../features/generations/images/generated-image.resolver.ts';
import { ImageModelResolver } from '../features/image-models/image-model.resolver.ts';
import { ImageResolver } from '../features/images/image.resolver.ts';
import { LedgerEntryResolver, ProjectLedgerResolver } from '../features/ledger/ledger-entry.resolver.ts';
import { InvitationResolver, ProjectInvitationsResolver } from '../features/members/invitation.resolver.ts';
import { MemberResolver, ProjectMembersResolver } from '../features/members/member.resolver.ts';
import { NodeResolver } from '../features/nodes/node.resolver.ts';
import { ResolutionResolver } from '../features/outcomes/resolution.resolver.ts';
import { PersonResolver } from '../features/people/person.resolver.ts';
import {
  ModelObservedPricesResolver,
  ObservedPriceResolver,
} from '../features/prices/observed-price.resolver.ts';
import { ProjectDeletionResolver } from '../features/project-deletion/project-deletion.resolver.ts';
import {
  GenerationSubscription,
  ProjectEventSubscription,
} from '../features/project-events/generation.subscription.ts';
import { ProjectEventResolver } from '../features/project-events/project-event.resolver.ts';
import { ProjectPermissionsResolver } from '../features/projects/permission.resolver.ts';
import { ProjectResolver } from '../features/projects/project.resolver.ts';
import { ProviderResolver } from '../features/provider/provider.resolver.ts';
import { ProjectProviderKeyResolver } from '../features/provider-keys/provider-key.resolver.ts';
import { ProviderKeyStatusResolver } from '../features/provider-keys/provider-key-status.resolver.ts';
import {
  ReconciliationLineResolver,
  ReconciliationResolver,
} from '../features/reconciliation/reconciliation.resolver.ts';
import {
  CharacterReferenceImagesResolver,
  ReferenceImageResolver,
} from '../features/reference-images/reference-image.resolver.ts';
import { QuoteResolver } from '../features/requests/quote.resolver.ts';
import { RequestResolver } from '../features/requests/request.resolver.ts';
import {
  ProjectSpendResolver,
  SpendForecastResolver,
  SpendReportResolver,
  SpendRowResolver,
} from '../features/spend/spend.resolver.ts';
import { StorageSweepResolver } from '../features/storage-sweep/storage-sweep.resolver.ts';
import { ReportVerificationResolver } from '../features/verification/verification.resolver.ts';
import type { Context } from '../platform/context.ts';

/** Inputs of which exactly one member must be given. */
const oneOfInputs = ['ImageSourceInput', 'ModelInput', 'ReferenceInput'];

/** Builds the schema from the rooms' resolvers. This is the one list of them. */
export async function createSchema(): Promise<GraphQLSchema> {
  // Plain fields are read by graphql-js itself: no function of the library's stands between.
  for (const type of getMetadataStorage().objectTypes) type.simpleResolvers ??= true;
  const schema = await buildSchema({
    resolvers: [
      NodeResolver,
      UserResolver,
      ProjectResolver,
      ProjectPermissionsResolver,
      MemberResolver,
      ProjectMembersResolver,
      InvitationResolver,
      ProjectInvitationsResolver,
      ApiKeyResolver,
      ProjectApiKeysResolver,
      ViewerResolver,
      AuditEntryResolver,
      AuditActorResolver,
      ProjectAuditLogResolver,
      InstallationAuditLogResolver,
      PersonResolver,
      ProviderResolver,
      ProviderKeyStatusResolver,
      StorageSweepResolver,
      ProjectProviderKeyResolver,
      ImageResolver,
      ImageModelResolver,
      ModelObservedPricesResolver,
      ObservedPriceResolver,
      CharacterResolver,
      ProjectCharactersResolver,
      ReferenceImageResolver,
      CharacterReferenceImagesResolver,
      BudgetResolver,
      ProjectBudgetsResolver,
      BudgetAlertResolver,
      ProjectBudgetAlertsResolver,
      LedgerEntryResolver,
      ProjectLedgerResolver,
      GenerationResolver,
      ProjectGenerationsResolver,
      CharacterGenerationsResolver,
      GeneratedImageResolver,
      GenerationImagesResolver,
      GenerationAccountingResolver,
      RequestResolver,
      QuoteResolver,
      ApprovalResolver,
      ResolutionResolver,
      SpendRowResolver,
      SpendReportResolver,
      SpendForecastResolver,
      ProjectSpendResolver,
      ReconciliationResolver,
      ReconciliationLineResolver,
      ReportVerificationResolver,
      ProjectDeletionResolver,
      GenerationSubscription,
      ProjectEventSubscription,
      ProjectEventResolver,
    ],
    // Checks with sentences of their own are made in the use cases.
    validate: false,
    // It asks for the whole schema once at each start; a test checks it.
    skipCheck: true,
    // Demanded wherever there are subscriptions; ours bring iterators of their own and never touch it.
    pubSub: {
      publish: () => undefined,
      subscribe: () => {
        throw new Error('Subscriptions bring their own iterators.');
      },
    },
  });
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    field.resolve = readingAnew(field.resolve ?? defaultFieldResolver);
  }
  for (const name of oneOfInputs) {
    const type = schema.getType(name);
    if (!(type instanceof GraphQLInputObjectType)) throw new Error(`No input type ${name}.`);
    // A @oneOf directive from the decorator would only be printed; this is what validation looks at.
    type.isOneOf = true;
  }
  return schema;
}

/**
 * The mutations of one document run one after another: what one has changed, its own answer and the next one must not
 * take from the request's cache.
 */
function readingAnew(
  resolve: GraphQLFieldResolver<unknown, Context>,
): GraphQLFieldResolver<unknown, Context> {
  return async (source, args, ctx, info) => {
    ctx.loaders.clear();
    const answer: unknown = await resolve(source, args, ctx, info);
    ctx.loaders.clear();
    return answer;
  };
}

/** The contract as text: sorted, so that a change of order is no change. */
export function printContract(schema: GraphQLSchema): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}
