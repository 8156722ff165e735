import { Ctx, Extensions, FieldResolver, Resolver, Root, registerEnumType } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { DecimalScalar } from '../../platform/graphql/scalars.ts';
import { column, made } from '../../platform/reads/reading.ts';
import { Reads } from '../../platform/reads/reads.ts';
import { userIfVisible } from '../access/user.queries.ts';
import { User } from '../access/user.type.ts';
import { apiKeyIfVisible } from '../api-keys/api-key.queries.ts';
import { ApiKey } from '../api-keys/api-key.type.ts';
import { ledgerOfGenerationIfVisible } from '../ledger/ledger-entry.queries.ts';
import { LedgerEntry } from '../ledger/ledger-entry.type.ts';
import { type EnvironmentKind, kindOfEnvironment } from '../provider/environment.ts';
import { ProviderEnvironment } from '../provider/provider.type.ts';
import { Generation } from './generation.type.ts';
import { generationView } from './generation.view.ts';
import type { GenerationRow } from './progress.ts';
import { costSources } from './record-cost.ts';

const CostSource = Object.fromEntries(costSources.map((source) => [source, source]));
registerEnumType(CostSource, {
  name: 'CostSource',
  description: 'How it is known what a run has cost.',
  valuesConfig: {
    PROVIDER: { description: "The provider's own figure for it." },
    PRICE_LIST: { description: 'The provider told no figure: the list price of the day it was asked for.' },
    HISTORY: { description: "The provider's list of past runs." },
    BALANCE: { description: "What the provider account's balance had lost by it." },
    PERSON: { description: 'A person looked it up.' },
    NOT_CHARGED: { description: 'The provider charged nothing for it.' },
    NOT_SUBMITTED: { description: 'It never left.' },
  },
});

/** Who a run is for, and what it does to the books. */
@Resolver(() => Generation)
export class GenerationAccountingResolver {
  @Reads(column(generationView, 'holdMicros'), () => DecimalScalar, {
    description:
      'US dollars set aside for it when it was asked for: the most that it may cost. What it did not cost was free again when it ended.',
  })
  readonly hold: bigint;

  @Reads(
    made(generationView, ['environment'], ({ environment }) => kindOfEnvironment(environment)),
    () => ProviderEnvironment,
    { description: 'Whether it is real: the provider environment that it was asked for under.' },
  )
  readonly environment: EnvironmentKind;

  @Reads(column(generationView, 'costSource'), () => CostSource, {
    nullable: true,
    description: 'How `cost` is known; null while it is not.',
  })
  readonly costSource: string | null;

  @Extensions({ items: 3 })
  @FieldResolver(() => [LedgerEntry], {
    nullable: true,
    description: 'What it did to the books, oldest first. Null for viewers who may not read what is spent.',
  })
  ledgerEntries(@Ctx() ctx: Context, @Root() generation: GenerationRow) {
    return ledgerOfGenerationIfVisible(ctx, generation);
  }

  @FieldResolver(() => User, {
    nullable: true,
    description:
      'Who asked for it. Null for the admin and SERVICE keys, and for viewers who may not read members.',
  })
  requestedBy(@Ctx() ctx: Context, @Root() { projectId, userId }: GenerationRow) {
    return userId === null ? null : userIfVisible(ctx, projectId, userId);
  }

  @FieldResolver(() => ApiKey, {
    nullable: true,
    description: 'The key it was asked for with, if with one. Null for viewers who may not see that key.',
  })
  requestedWith(@Ctx() ctx: Context, @Root() { apiKeyId }: GenerationRow) {
    return apiKeyId === null ? null : apiKeyIfVisible(ctx, apiKeyId);
  }
}
