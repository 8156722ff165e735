import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Resolver, Root } from 'type-graphql';
import type { Context } from '../../../platform/context.ts';
import { toPayload } from '../../../platform/graphql/payload.ts';
import { PageArgs } from '../../../platform/reads/connection.ts';
import { toGlobalId } from '../../../platform/reads/global-id.ts';
import { ReadsConnection, ReadsRow } from '../../../platform/reads/plan/field-read.ts';
import { findImage } from '../../images/image.queries.ts';
import { Image } from '../../images/image.type.ts';
import { imageView } from '../../images/image.view.ts';
import { imagesOfGeneration } from '../generated-image.view.ts';
import { findGeneration } from '../generation.queries.ts';
import {
  GeneratedImage,
  GeneratedImageConnection,
  Generation,
  RateImageInput,
  RateImagePayload,
} from '../generation.type.ts';
import { generationView } from '../generation.view.ts';
import type { GenerationRow } from '../progress.ts';
import { type GeneratedImageRow, listAllGeneratedImages } from './generated-image.queries.ts';
import { rateImage } from './rate-image.ts';

@Resolver(() => GeneratedImage)
export class GeneratedImageResolver {
  @FieldResolver(() => ID, { description: 'Opaque and stable.' })
  id(@Root() image: GeneratedImageRow): string {
    return toGlobalId('GeneratedImage', image.id);
  }

  @ReadsRow(imageView, 'imageId')
  @FieldResolver(() => Image, { description: 'The picture itself.' })
  image(@Ctx() ctx: Context, @Root() image: GeneratedImageRow) {
    return findImage(ctx, image.imageId);
  }

  @ReadsRow(generationView, 'generationId')
  @FieldResolver(() => Generation, { description: 'The run that made it.' })
  generation(@Ctx() ctx: Context, @Root() image: GeneratedImageRow) {
    return findGeneration(ctx, image.generationId);
  }

  @Mutation(() => RateImagePayload, {
    description: 'Says what a picture is worth; the analytics tell what a kept one costs.',
  })
  rateImage(
    @Ctx() ctx: Context,
    @Arg('input', () => RateImageInput, { description: 'Which one, and the verdict.' }) input: RateImageInput,
  ) {
    return toPayload('generatedImage', rateImage(ctx, input));
  }
}

@Resolver(() => Generation)
export class GenerationImagesResolver {
  @ReadsConnection(imagesOfGeneration)
  @FieldResolver(() => GeneratedImageConnection, {
    description: 'All pictures, page by page, by their place in the run. None before COMPLETED.',
  })
  imagesConnection(
    @Ctx() ctx: Context,
    @Root() generation: GenerationRow,
    @Args(() => PageArgs) page: PageArgs,
  ) {
    return listAllGeneratedImages(ctx, generation, page);
  }
}
