import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { payloadType } from '../../platform/graphql/payload.ts';
import { DateTimeScalar } from '../../platform/graphql/scalars.ts';
import { connectionType, Node } from '../../platform/reads/connection.ts';

@ObjectType({ implements: Node, description: 'Someone who must look the same in every picture.' })
export class Character extends Node {
  @Field(() => String, { description: 'From 1 to 200 characters.' })
  name: string;
  @Field(() => String, { nullable: true, description: 'For people; never sent to the provider.' })
  description: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'What they look like, in words; put before the prompt of a run.',
  })
  appearance: string | null;
  @Field(() => String, {
    nullable: true,
    description:
      'What must not be seen; sent where the model takes a negative prompt and the run names none.',
  })
  negativePrompt: string | null;
  @Field(() => [String], { description: 'At most 50, each of 1 to 50 characters, in the order given.' })
  tags: string[];
  @Field(() => DateTimeScalar, { description: 'When they were made.' })
  createdAt: Date;
  @Field(() => DateTimeScalar, { description: 'When one of its fields last changed.' })
  updatedAt: Date;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When they were archived: nothing new is generated of them.',
  })
  archivedAt: Date | null;
}

export const CharacterConnection = connectionType('Character', () => Character);

@InputType({ description: 'A new character.' })
export class CreateCharacterInput {
  @Field(() => ID, { description: 'The project they belong to, for good.' })
  projectId: string;
  @Field(() => String, { description: 'From 1 to 200 characters.' })
  name: string;
  @Field(() => String, { nullable: true, description: 'For people; at most 5,000 characters.' })
  description?: string | null;
  @Field(() => String, { nullable: true, description: 'What they look like; at most 2,000 characters.' })
  appearance?: string | null;
  @Field(() => String, { nullable: true, description: 'What must not be seen; at most 2,000 characters.' })
  negativePrompt?: string | null;
  @Field(() => [String], { nullable: true, description: 'At most 50, each of 1 to 50 characters.' })
  tags?: string[] | null;
}

@InputType({ description: 'What to change of a character. A field left out stays; null empties it.' })
export class UpdateCharacterInput {
  @Field(() => ID, { description: "The character's id." })
  id: string;
  @Field(() => String, { nullable: true, description: 'From 1 to 200 characters; null is refused.' })
  name?: string | null;
  @Field(() => String, { nullable: true, description: 'For people; at most 5,000 characters.' })
  description?: string | null;
  @Field(() => String, { nullable: true, description: 'What they look like; at most 2,000 characters.' })
  appearance?: string | null;
  @Field(() => String, { nullable: true, description: 'What must not be seen; at most 2,000 characters.' })
  negativePrompt?: string | null;
  @Field(() => [String], { nullable: true, description: 'At most 50, each of 1 to 50 characters.' })
  tags?: string[] | null;
}

@InputType({ description: 'The character to archive.' })
export class ArchiveCharacterInput {
  @Field(() => ID, { description: "The character's id." })
  id: string;
}

export const CreateCharacterPayload = payloadType(
  'CreateCharacter',
  'character',
  () => Character,
  'The new character.',
);
export const UpdateCharacterPayload = payloadType(
  'UpdateCharacter',
  'character',
  () => Character,
  'The character as changed.',
);
export const ArchiveCharacterPayload = payloadType(
  'ArchiveCharacter',
  'character',
  () => Character,
  'The archived character.',
);
