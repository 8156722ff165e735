import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { payloadType } from '../../platform/graphql/payload.ts';
import { DateTimeScalar } from '../../platform/graphql/scalars.ts';
import { Project } from '../projects/project.type.ts';

@ObjectType({
  description:
    "A project's own key at the provider, and the status of its account. The key itself is never returned.",
})
export class ProviderKey {
  @Field(() => String, { description: 'Its last four characters, to recognise it by.' })
  lastFour: string;
  @Field(() => DateTimeScalar, { description: 'When it was set.' })
  createdAt: Date;
}

@InputType({ description: 'A provider key for a project.' })
export class SetProviderKeyInput {
  @Field(() => ID, { description: 'The project whose runs it pays for from now on.' })
  projectId: string;
  @Field(() => String, { description: 'The key as the provider gave it: 16 to 200 printable characters.' })
  key: string;
}

@InputType({ description: "The project that goes back to the server's key." })
export class RemoveProviderKeyInput {
  @Field(() => ID, { description: "The project's id." })
  projectId: string;
}

export const SetProviderKeyPayload = payloadType(
  'SetProviderKey',
  'project',
  () => Project,
  'The project, with `providerKey`.',
);
export const RemoveProviderKeyPayload = payloadType(
  'RemoveProviderKey',
  'project',
  () => Project,
  'The project, whose new runs the server pays for.',
);
