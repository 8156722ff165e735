import { Arg, Args, Ctx, FieldResolver, ID, Int, Mutation, Resolver, Root } from 'type-graphql';
import type { ReferenceImageKind as Kind } from '../../catalogue/model.ts';
import type { Context } from '../../platform/context.ts';
import { toPayload } from '../../platform/graphql/payload.ts';
import { PageArgs } from '../../platform/reads/connection.ts';
import { toGlobalId } from '../../platform/reads/global-id.ts';
import { ReadsConnection, ReadsList, ReadsRow } from '../../platform/reads/plan/field-read.ts';
import type { CharacterRow } from '../characters/character.queries.ts';
import { Character } from '../characters/character.type.ts';
import { ReferenceImageKind } from '../image-models/image-model.type.ts';
import { findImage } from '../images/image.queries.ts';
import { Image } from '../images/image.type.ts';
import { imageView } from '../images/image.view.ts';
import { addReferenceImage } from './add-reference-image.ts';
import {
  listReferenceImages,
  newestReferenceImages,
  type ReferenceImageRow,
} from './reference-image.queries.ts';
import {
  AddReferenceImageInput,
  AddReferenceImagePayload,
  ReferenceImage,
  ReferenceImageConnection,
  RemoveReferenceImageInput,
  RemoveReferenceImagePayload,
} from './reference-image.type.ts';
import { referenceImagesOfCharacter } from './reference-image.view.ts';
import { removeReferenceImage } from './remove-reference-image.ts';

const kindOnly = { nullable: true, description: 'Only these.' };

@Resolver(() => ReferenceImage)
export class ReferenceImageResolver {
  @FieldResolver(() => ID, { description: 'Opaque and stable.' })
  id(@Root() referenceImage: ReferenceImageRow): string {
    return toGlobalId('ReferenceImage', referenceImage.id);
  }

  @ReadsRow(imageView, 'imageId')
  @FieldResolver(() => Image, { description: 'The picture itself.' })
  image(@Ctx() ctx: Context, @Root() referenceImage: ReferenceImageRow) {
    return findImage(ctx, referenceImage.imageId);
  }

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
  @ReadsList(referenceImagesOfCharacter)
  @FieldResolver(() => [ReferenceImage], {
    description:
      'The newest pictures that show what they look like, newest first. `referenceImagesConnection` has all.',
  })
  referenceImages(
    @Ctx() ctx: Context,
    @Root() character: CharacterRow,
    @Arg('first', () => Int, {
      nullable: true,
      defaultValue: 20,
      description: 'How many at the most: 1 to 100.',
    })
    first: number | null,
    @Arg('kind', () => ReferenceImageKind, kindOnly) kind: Kind | null,
  ) {
    return newestReferenceImages(ctx, character, { first: first ?? 20, kind });
  }

  @ReadsConnection(referenceImagesOfCharacter)
  @FieldResolver(() => ReferenceImageConnection, {
    description: 'All pictures that show what they look like, page by page, newest first.',
  })
  referenceImagesConnection(
    @Ctx() ctx: Context,
    @Root() character: CharacterRow,
    @Args(() => PageArgs) page: PageArgs,
    @Arg('kind', () => ReferenceImageKind, kindOnly) kind: Kind | null,
  ) {
    return listReferenceImages(ctx, character, { ...page, kind });
  }
}
