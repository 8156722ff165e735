import { ArgsType, Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import type { ReferenceImageKind as Kind } from '../../catalogue/model.ts';
import { payloadType } from '../../platform/graphql/payload.ts';
import { DateTimeScalar } from '../../platform/graphql/scalars.ts';
import { connectionType, Node, PageArgs } from '../../platform/reads/connection.ts';
import { ReferenceImageKind } from '../image-models/image-model.type.ts';
import { ImageSourceInput } from '../images/image.type.ts';

@ObjectType({
  implements: Node,
  description: 'A picture that shows what a character looks like, or how they stand.',
})
export class ReferenceImage extends Node {
  @Field(() => ReferenceImageKind, { description: 'What it shows.' })
  kind: Kind;
  @Field(() => String, { nullable: true, description: 'A name for people; at most 200 characters.' })
  label: string | null;
  @Field(() => DateTimeScalar, { description: 'When it was added.' })
  createdAt: Date;
}

export const ReferenceImageConnection = connectionType('ReferenceImage', () => ReferenceImage);

/** How many reference images are told where it is not said how many. */
export const usualReferences = 20;

const kindOnly = { nullable: true, description: 'Only these.' };

/** Which of a character's newest reference images. */
@ArgsType()
export class ReferenceImagesArgs {
  @Field(() => Int, {
    nullable: true,
    defaultValue: usualReferences,
    description: 'How many at the most: 1 to 100.',
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
  @Field(() => ID, { description: 'Whose picture it is.' })
  characterId: string;
  @Field(() => ReferenceImageKind, { description: 'What it shows.' })
  kind: Kind;
  @Field(() => String, { nullable: true, description: 'A name for people; at most 200 characters.' })
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
  'The reference image that was removed; runs that used it keep their pictures.',
);
