import { ArgsType, Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import type { ReferenceImageKind as Kind } from '../../catalogue/model.ts';
import { payloadType } from '../../platform/graphql/payload.ts';
import { DateTimeScalar } from '../../platform/graphql/scalars.ts';
import { connectionType, Node, PageArgs } from '../../platform/reads/connection.ts';
import { ReferenceImageKind } from '../image-models/image-model.type.ts';
import { ImageSourceInput } from '../images/image.type.ts';

@ObjectType({
  implements: Node,
  description: 'A picture that shows what a character looks like, or a pose.',
})
export class ReferenceImage extends Node {
  @Field(() => ReferenceImageKind, { description: 'What the picture shows.' })
  kind: Kind;
  @Field(() => String, {
    nullable: true,
    description: 'A name for people: at most 200 characters. Null when there is none.',
  })
  label: string | null;
  @Field(() => DateTimeScalar, { description: 'When the reference image was added.' })
  createdAt: Date;
}

export const ReferenceImageConnection = connectionType('ReferenceImage', () => ReferenceImage);

/** The number of reference images that a list has by default. */
export const usualReferences = 20;

const kindOnly = { nullable: true, description: 'Only reference images of this kind. Left out: all kinds.' };

/** Which of a character's newest reference images. */
@ArgsType()
export class ReferenceImagesArgs {
  @Field(() => Int, {
    nullable: true,
    defaultValue: usualReferences,
    description: 'The number of reference images: 1 to 100.',
  })
  first?: number | null;
  @Field(() => ReferenceImageKind, kindOnly)
  kind?: Kind | null;
}

/** Which page of a character's reference images. */
@ArgsType()
export class ReferenceImagePageArgs extends PageArgs {
  @Field(() => ReferenceImageKind, kindOnly)
  kind?: Kind | null;
}

@InputType({ description: 'A new reference image of a character.' })
export class AddReferenceImageInput {
  @Field(() => ID, { description: 'The id of the character. User error: CHARACTER_ARCHIVED.' })
  characterId: string;
  @Field(() => ReferenceImageKind, { description: 'What the picture shows.' })
  kind: Kind;
  @Field(() => String, { nullable: true, description: 'A name for people: at most 200 characters.' })
  label?: string | null;
  @Field(() => ImageSourceInput, { description: 'The picture.' })
  source: ImageSourceInput;
}

@InputType({ description: 'The reference image to remove.' })
export class RemoveReferenceImageInput {
  @Field(() => ID, { description: "The reference image's id." })
  id: string;
}

export const AddReferenceImagePayload = payloadType(
  'AddReferenceImage',
  'referenceImage',
  () => ReferenceImage,
  'The new reference image.',
);
export const RemoveReferenceImagePayload = payloadType(
  'RemoveReferenceImage',
  'referenceImage',
  () => ReferenceImage,
  'The removed reference image. Runs that used it keep their pictures.',
);
