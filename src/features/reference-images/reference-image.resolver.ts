import { Arg, Ctx, ID, Mutation, Resolver } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { toPayload } from '../../platform/graphql/payload.ts';
import type { Page } from '../../platform/reads/page.ts';
import { connection, globalId, list, row } from '../../platform/reads/reading.ts';
import { Reads } from '../../platform/reads/reads.ts';
import { characters } from '../characters/character.queries.ts';
import { Character } from '../characters/character.type.ts';
import { images } from '../images/image.queries.ts';
import { Image } from '../images/image.type.ts';
import type { ImageRow } from '../images/store-image.ts';
import { addReferenceImage } from './add-reference-image.ts';
import type { ReferenceImageRow } from './reference-image.queries.ts';
import {
  AddReferenceImageInput,
  AddReferenceImagePayload,
  ReferenceImage,
  ReferenceImageConnection,
  ReferenceImagePageArgs,
  ReferenceImagesArgs,
  RemoveReferenceImageInput,
  RemoveReferenceImagePayload,
  usualReferences,
} from './reference-image.type.ts';
import { referenceImagesOfCharacter, referenceImageView } from './reference-image.view.ts';
import { removeReferenceImage } from './remove-reference-image.ts';

@Resolver(() => ReferenceImage)
export class ReferenceImageResolver {
  @Reads(globalId('ReferenceImage'), () => ID, { description: 'Opaque and stable.' })
  readonly id: string;

  @Reads(row(referenceImageView, 'imageId', images), () => Image, { description: 'The picture itself.' })
  readonly image: ImageRow;

  @Mutation(() => AddReferenceImagePayload, {
    description:
      'Adds a picture of a character; its metadata is stripped. User errors: IMAGE_… for a picture we refuse.',
  })
  addReferenceImage(
    @Ctx() ctx: Context,
    @Arg('input', () => AddReferenceImageInput, { description: 'The picture, and what it shows.' })
    input: AddReferenceImageInput,
  ) {
    return toPayload('referenceImage', addReferenceImage(ctx, input));
  }

  @Mutation(() => RemoveReferenceImagePayload, { description: 'Takes a picture off a character.' })
  removeReferenceImage(
    @Ctx() ctx: Context,
    @Arg('input', () => RemoveReferenceImageInput, { description: 'Which one.' })
    input: RemoveReferenceImageInput,
  ) {
    return toPayload('referenceImage', removeReferenceImage(ctx, input));
  }
}

@Resolver(() => Character)
export class CharacterReferenceImagesResolver {
  @Reads(list(characters, referenceImagesOfCharacter, usualReferences), () => [ReferenceImage], {
    args: () => ReferenceImagesArgs,
    description:
      'The newest pictures that show what they look like, newest first. `referenceImagesConnection` has all.',
  })
  readonly referenceImages: ReferenceImageRow[];

  @Reads(connection(characters, referenceImagesOfCharacter), () => ReferenceImageConnection, {
    args: () => ReferenceImagePageArgs,
    description: 'All pictures that show what they look like, page by page, newest first.',
  })
  readonly referenceImagesConnection: Page<ReferenceImageRow>;
}
