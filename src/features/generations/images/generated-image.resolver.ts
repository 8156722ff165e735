import { Arg, Ctx, ID, Mutation, Resolver } from 'type-graphql';
import type { Context } from '../../../platform/context.ts';
import { toPayload } from '../../../platform/graphql/payload.ts';
import { PageArgs } from '../../../platform/reads/connection.ts';
import type { Page } from '../../../platform/reads/page.ts';
import { connection, globalId, list, row } from '../../../platform/reads/reading.ts';
import { Reads } from '../../../platform/reads/reads.ts';
import { images } from '../../images/image.queries.ts';
import { Image } from '../../images/image.type.ts';
import type { ImageRow } from '../../images/store-image.ts';
import { generatedImageView, imagesOfGeneration } from '../generated-image.view.ts';
import { generations } from '../generation.queries.ts';
import {
  GeneratedImage,
  GeneratedImageConnection,
  Generation,
  RateImageInput,
  RateImagePayload,
} from '../generation.type.ts';
import type { GenerationRow } from '../progress.ts';
import type { GeneratedImageRow } from './generated-image.queries.ts';
import { rateImage } from './rate-image.ts';

@Resolver(() => GeneratedImage)
export class GeneratedImageResolver {
  @Reads(globalId('GeneratedImage'), () => ID, { description: 'Opaque and stable.' })
  readonly id: string;

  @Reads(row(generatedImageView, 'imageId', images), () => Image, { description: 'The picture itself.' })
  readonly image: ImageRow;

  @Reads(row(generatedImageView, 'generationId', generations), () => Generation, {
    description: 'The run that made it.',
  })
  readonly generation: GenerationRow;

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
  @Reads(list(generations, imagesOfGeneration), () => [GeneratedImage], {
    description: 'The first hundred pictures, once COMPLETED. `imagesConnection` has all.',
  })
  readonly images: GeneratedImageRow[];

  @Reads(connection(generations, imagesOfGeneration), () => GeneratedImageConnection, {
    args: () => PageArgs,
    description: 'All pictures, page by page, by their place in the run. None before COMPLETED.',
  })
  readonly imagesConnection: Page<GeneratedImageRow>;
}
