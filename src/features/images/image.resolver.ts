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
  @Reads(globalId('Image'), () => ID, { description: 'The global id. Opaque and stable.' })
  readonly id: string;

  // A request for an address may make the server produce a variant.
  @Extensions({ points: 1 })
  @Reads(
    made(imageView, ['id'], (image, variant: VariantArgs, ctx: Context) => imageUrl(ctx, image, variant)),
    () => UrlScalar,
    {
      args: () => VariantArgs,
      description:
        'A signed URL that anyone can open until it expires, in one to two days. It stays the same for hours, so browsers can cache it. Every format has a longest side (WEBP 16383, AVIF 16384, JPEG 65500 pixels): a longer picture is scaled down to fit.',
    },
  )
  readonly url: string;

  @Reads(
    made(imageView, ['id'], (image, _: object, ctx: Context) => originalUrl(ctx, image)),
    () => UrlScalar,
    {
      description:
        'A signed URL of the stored bytes, to be saved as a file: what a provider delivered, byte for byte. Expires like `url`.',
    },
  )
  readonly originalUrl: string;
}
