import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { payloadType } from '../../platform/graphql/payload.ts';
import { DateTimeScalar } from '../../platform/graphql/scalars.ts';
import { connectionType, Node } from '../../platform/reads/connection.ts';

@ObjectType({ implements: Node, description: 'A person or figure that must look the same in every picture.' })
export class Character extends Node {
  @Field(() => String, { description: "The character's name: 1 to 200 characters." })
  name: string;
  @Field(() => String, {
    nullable: true,
    description:
      'Notes for people: at most 5,000 characters. Never sent to the provider. Null when there are none.',
  })
  description: string | null;
  @Field(() => String, {
    nullable: true,
    description:
      'What the character looks like, in words: at most 2,000 characters. Put before the prompt of a run. Null when there is none.',
  })
  appearance: string | null;
  @Field(() => String, {
    nullable: true,
    description:
      'What a picture must not show: at most 2,000 characters. Sent when the model takes a negative prompt and the request has none. Null when there is none.',
  })
  negativePrompt: string | null;
  @Field(() => [String], { description: 'Tags in the order given: at most 50, each of 1 to 50 characters.' })
  tags: string[];
  @Field(() => DateTimeScalar, { description: 'When the character was created.' })
  createdAt: Date;
  @Field(() => DateTimeScalar, { description: 'When a field of the character last changed.' })
  updatedAt: Date;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description:
      'When the character was archived; null while it is not. No new run of an archived character can be requested.',
  })
  archivedAt: Date | null;
}

export const CharacterConnection = connectionType('Character', () => Character);

@InputType({ description: 'A new character.' })
export class CreateCharacterInput {
  @Field(() => ID, { description: 'The id of the project. A character never moves to another project.' })
  projectId: string;
  @Field(() => String, { description: "The character's name: 1 to 200 characters." })
  name: string;
  @Field(() => String, { nullable: true, description: 'Notes for people: at most 5,000 characters.' })
  description?: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'What the character looks like, in words: at most 2,000 characters.',
  })
  appearance?: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'What a picture must not show: at most 2,000 characters.',
  })
  negativePrompt?: string | null;
  @Field(() => [String], {
    nullable: true,
    description: 'Tags: at most 50, each of 1 to 50 characters. A tag that is given twice counts once.',
  })
  tags?: string[] | null;
}

@InputType({
  description: 'New values for a character. A field that is left out stays as it is; null empties it.',
})
export class UpdateCharacterInput {
  @Field(() => ID, { description: "The character's id." })
  id: string;
  @Field(() => String, {
    nullable: true,
    description: "The character's name: 1 to 200 characters. Null is refused.",
  })
  name?: string | null;
  @Field(() => String, { nullable: true, description: 'Notes for people: at most 5,000 characters.' })
  description?: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'What the character looks like, in words: at most 2,000 characters.',
  })
  appearance?: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'What a picture must not show: at most 2,000 characters.',
  })
  negativePrompt?: string | null;
  @Field(() => [String], {
    nullable: true,
    description: 'Tags: at most 50, each of 1 to 50 characters. A tag that is given twice counts once.',
  })
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
  'The changed character.',
);
export const ArchiveCharacterPayload = payloadType(
  'ArchiveCharacter',
  'character',
  () => Character,
  'The archived character.',
);
