import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { payloadType } from '../../platform/graphql/payload.ts';
import { DateTimeScalar } from '../../platform/graphql/scalars.ts';
import { Project } from '../projects/project.type.ts';

@ObjectType({
  description:
    "A project's own key at the provider, and the status of its account. The key itself is never returned.",
})
export class ProviderKey {
  @Field(() => String, {
    description: 'The last four characters of the key, by which a person can recognise it.',
  })
  lastFour: string;
  @Field(() => DateTimeScalar, { description: 'When the key was set.' })
  createdAt: Date;
}

@InputType({ description: 'A provider key for a project.' })
export class SetProviderKeyInput {
  @Field(() => ID, { description: 'The id of the project. The key pays for its new runs.' })
  projectId: string;
  @Field(() => String, {
    description:
      'The key from the provider: 16 to 200 printable ASCII characters without spaces. User errors: PROVIDER_KEY_REFUSED, PROVIDER_UNAVAILABLE.',
  })
  key: string;
}

@InputType({ description: 'The project whose provider key is removed.' })
export class RemoveProviderKeyInput {
  @Field(() => ID, { description: "The project's id." })
  projectId: string;
}

export const SetProviderKeyPayload = payloadType(
  'SetProviderKey',
  'project',
  () => Project,
  'The project, with the new `providerKey`.',
);
export const RemoveProviderKeyPayload = payloadType(
  'RemoveProviderKey',
  'project',
  () => Project,
  "The project. The server's key pays for its new runs.",
);
