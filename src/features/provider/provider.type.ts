import { Field, ObjectType, registerEnumType } from 'type-graphql';
import { DateTimeScalar } from '../../platform/graphql/scalars.ts';
import type { AccountStatus, ProviderStatusName } from './account-status.ts';
import type { EnvironmentKind } from './environment.ts';

/** The kind of an environment, as a GraphQL enum. */
export const ProviderEnvironment = {
  SIMULATOR: 'SIMULATOR',
  LIVE: 'LIVE',
} satisfies Record<EnvironmentKind, EnvironmentKind>;
registerEnumType(ProviderEnvironment, {
  name: 'ProviderEnvironment',
  description:
    'Whether runs are real. Runs, spend, budgets, prices and times of one environment never count in another.',
  valuesConfig: {
    SIMULATOR: {
      description: 'A simulator in place of the provider: pictures are samples, and no money is spent.',
    },
    LIVE: { description: 'An account at the provider: runs cost money.' },
  },
});

/** The status of an account, as a GraphQL enum. */
export const ProviderStatus = {
  OPERATIONAL: 'OPERATIONAL',
  UNAVAILABLE: 'UNAVAILABLE',
  PAUSED: 'PAUSED',
} satisfies Record<ProviderStatusName, ProviderStatusName>;
registerEnumType(ProviderStatus, {
  name: 'ProviderStatus',
  description: 'Whether runs can be submitted with an account at the provider. More values may be added.',
  valuesConfig: {
    OPERATIONAL: { description: 'No problem is known.' },
    UNAVAILABLE: {
      description: 'The provider cannot be reached, or responds with server errors. Runs wait in the queue.',
    },
    PAUSED: {
      description:
        'The provider limits the requests of the account, refuses its key, or reports that it has no credits. Runs wait in the queue.',
    },
  },
});

@ObjectType({ description: 'The provider that runs are submitted to.' })
export class Provider implements AccountStatus {
  @Field(() => ProviderEnvironment, { description: 'Whether new runs are real.' })
  environment: EnvironmentKind;
  @Field(() => String, {
    nullable: true,
    description:
      "The URL of the provider's API. Null for the simulator, and for viewers other than the admin.",
  })
  address: string | null;
  @Field(() => ProviderStatus, {
    description:
      "Whether runs can be submitted with the server's own account. For the account of a project see `Project.providerKey`.",
  })
  status: ProviderStatusName;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'The first moment of this status; null while OPERATIONAL.',
  })
  since: Date | null;
  @Field(() => String, {
    nullable: true,
    description: 'A sentence about the problem; null while OPERATIONAL.',
  })
  message: string | null;
}
