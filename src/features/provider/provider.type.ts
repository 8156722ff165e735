import { Field, ObjectType, registerEnumType } from 'type-graphql';
import type { EnvironmentKind } from './environment.ts';

/** What an environment is, as GraphQL's enum. */
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
      description: 'A stand-in for the provider: pictures are samples, and amounts are not paid.',
    },
    LIVE: { description: 'An account at the provider: runs cost money.' },
  },
});

@ObjectType({ description: 'The provider that runs are submitted to.' })
export class Provider {
  @Field(() => ProviderEnvironment, { description: 'Whether new runs are real.' })
  environment: EnvironmentKind;
  @Field(() => String, {
    nullable: true,
    description:
      "The address of the provider's API; null for the simulator, and for everybody but the admin.",
  })
  address: string | null;
}
