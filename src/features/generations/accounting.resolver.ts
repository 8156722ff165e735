import { Ctx, Extensions, FieldResolver, Resolver, Root, registerEnumType } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { DecimalScalar } from '../../platform/graphql/scalars.ts';
import { column, made, visibleRow } from '../../platform/reads/reading.ts';
import { Reads } from '../../platform/reads/reads.ts';
import { whoMay } from '../access/readable.ts';
import { type UserRow, users } from '../access/user.queries.ts';
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
  description: 'How the cost of a run is known.',
  valuesConfig: {
    PROVIDER: { description: 'The cost that the provider reported for the run.' },
    PRICE_LIST: {
      description: 'The provider reported no cost: this is the list price on the day of the request.',
    },
    HISTORY: { description: "The cost in the provider's list of past runs." },
    BALANCE: { description: 'The amount by which the run reduced the balance of the provider account.' },
    PERSON: { description: 'A person looked up the cost and entered it.' },
    NOT_CHARGED: { description: 'The provider charged nothing for the run.' },
    NOT_SUBMITTED: { description: 'The run was never submitted to the provider.' },
  },
});

/** Who a run is for, and what it does to the books. */
@Resolver(() => Generation)
export class GenerationAccountingResolver {
  @Reads(column(generationView, 'holdMicros'), () => DecimalScalar, {
    description:
      'US dollars set aside for the run when it was requested: the most that it is expected to cost. When the run has ended, what it did not cost is available again.',
  })
  readonly hold: bigint;

  @Reads(
    made(generationView, ['environment'], ({ environment }) => kindOfEnvironment(environment)),
    () => ProviderEnvironment,
    { description: 'Whether the run is real: the provider environment in which it was requested.' },
  )
  readonly environment: EnvironmentKind;

  @Reads(column(generationView, 'costSource'), () => CostSource, {
    nullable: true,
    description: 'How `cost` is known; null while `cost` is null.',
  })
  readonly costSource: string | null;

  @Extensions({ items: 3 })
  @FieldResolver(() => [LedgerEntry], {
    nullable: true,
    description: 'The ledger entries of the run, oldest first. Null for viewers who may not read spend.',
  })
  ledgerEntries(@Ctx() ctx: Context, @Root() generation: GenerationRow) {
    return ledgerOfGenerationIfVisible(ctx, generation);
  }

  @Reads(
    visibleRow(generationView, 'userId', users, { owner: 'projectId', visible: whoMay('READ_MEMBERS') }),
    () => User,
    {
      nullable: true,
      description:
        'The person who requested the run. Null for the admin and SERVICE keys, and for viewers who may not read members.',
    },
  )
  readonly requestedBy: UserRow | null;

  @FieldResolver(() => ApiKey, {
    nullable: true,
    description:
      'The API key that the run was requested with. Null for other credentials, and for viewers who may not see the key.',
  })
  requestedWith(@Ctx() ctx: Context, @Root() { apiKeyId }: GenerationRow) {
    return apiKeyId === null ? null : apiKeyIfVisible(ctx, apiKeyId);
  }
}
