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
  @Reads(globalId('GeneratedImage'), () => ID, { description: 'The global id. Opaque and stable.' })
  readonly id: string;

  @Reads(row(generatedImageView, 'imageId', images), () => Image, { description: 'The picture.' })
  readonly image: ImageRow;

  @Reads(row(generatedImageView, 'generationId', generations), () => Generation, {
    description: 'The run that the picture belongs to.',
  })
  readonly generation: GenerationRow;

  @Mutation(() => RateImagePayload, {
    description:
      'Rates a picture, or removes its rating. Spend reports show the cost of each kept picture. A VIEWER gets FORBIDDEN. User errors: PROJECT_ARCHIVED, PROJECT_DELETING.',
  })
  rateImage(
    @Ctx() ctx: Context,
    @Arg('input', () => RateImageInput, { description: 'The picture and its rating.' }) input: RateImageInput,
  ) {
    return toPayload('generatedImage', rateImage(ctx, input));
  }
}

@Resolver(() => Generation)
export class GenerationImagesResolver {
  @Reads(list(generations, imagesOfGeneration), () => [GeneratedImage], {
    description:
      'The first hundred pictures of the run, once it is COMPLETED. `imagesConnection` has all of them.',
  })
  readonly images: GeneratedImageRow[];

  @Reads(connection(generations, imagesOfGeneration), () => GeneratedImageConnection, {
    args: () => PageArgs,
    description:
      'All pictures of the run, page by page, in the order of their positions in the run. Empty before the run is COMPLETED.',
  })
  readonly imagesConnection: Page<GeneratedImageRow>;
}
