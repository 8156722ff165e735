import { Extensions, ID, Resolver } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { UrlScalar } from '../../platform/graphql/scalars.ts';
import { globalId, made } from '../../platform/reads/reading.ts';
import { Reads } from '../../platform/reads/reads.ts';
import { imageUrl, originalUrl } from './image.queries.ts';
import { Image, VariantArgs } from './image.type.ts';
import { imageView } from './image.view.ts';

@Resolver(() => Image)
export class ImageResolver {
  @Reads(globalId('Image'), () => ID, { description: 'Opaque and stable.' })
  readonly id: string;

  // Whoever asks for a size may have it made.
  @Extensions({ points: 1 })
  @Reads(
    made(imageView, ['id'], (image, variant: VariantArgs, ctx: Context) => imageUrl(ctx, image, variant)),
    () => UrlScalar,
    {
      args: () => VariantArgs,
      description:
        'A signed address that anyone can open until it expires, in a day or two. Stable for hours, so browsers can cache it. Every format has a longest side (WEBP 16383, AVIF 16384, JPEG 65500 pixels): a longer picture is scaled down to fit.',
    },
  )
  readonly url: string;

  @Reads(
    made(imageView, ['id'], (image, _: object, ctx: Context) => originalUrl(ctx, image)),
    () => UrlScalar,
    {
      description:
        'A signed address of the stored bytes, to be saved as a file: what a provider delivered, byte for byte. Expires like `url`.',
    },
  )
  readonly originalUrl: string;
}
