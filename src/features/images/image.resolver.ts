import { Arg, Ctx, Extensions, FieldResolver, ID, Int, Resolver, Root } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { UrlScalar } from '../../platform/graphql/scalars.ts';
import { toGlobalId } from '../../platform/reads/global-id.ts';
import { ReadsMade } from '../../platform/reads/plan/field-read.ts';
import { imageUrl, originalUrl } from './image.queries.ts';
import { Image, ImageFormat } from './image.type.ts';
import type { ImageRow } from './store-image.ts';

interface VariantArgs {
  readonly width?: number | null;
  readonly format?: ImageFormat | null;
}

@Resolver(() => Image)
export class ImageResolver {
  @FieldResolver(() => ID, { description: 'Opaque and stable.' })
  id(@Root() image: ImageRow): string {
    return toGlobalId('Image', image.id);
  }

  // Whoever asks for a size may have it made.
  @Extensions({ points: 1 })
  @ReadsMade(['id'], (image: Pick<ImageRow, 'id'>, args: VariantArgs, ctx: Context) =>
    imageUrl(ctx, image, args),
  )
  @FieldResolver(() => UrlScalar, {
    description:
      'A signed address that anyone can open until it expires, in a day or two. Stable for hours, so browsers can cache it. Every format has a longest side (WEBP 16383, AVIF 16384, JPEG 65500 pixels): a longer picture is scaled down to fit.',
  })
  url(
    @Ctx() ctx: Context,
    @Root() image: ImageRow,
    @Arg('width', () => Int, {
      nullable: true,
      description: 'Scaled down to this many pixels, 16 to 4096; never up. Left out: the original size.',
    })
    width: number | null,
    @Arg('format', () => ImageFormat, {
      nullable: true,
      description:
        'Left out: as stored. A type that browsers do not show (`image/tiff`) is then served as WEBP.',
    })
    format: ImageFormat | null,
  ): string {
    return imageUrl(ctx, image, { width, format });
  }

  @ReadsMade(['id'], (image: Pick<ImageRow, 'id'>, _: object, ctx: Context) => originalUrl(ctx, image))
  @FieldResolver(() => UrlScalar, {
    description:
      'A signed address of the stored bytes, to be saved as a file: what a provider delivered, byte for byte. Expires like `url`.',
  })
  originalUrl(@Ctx() ctx: Context, @Root() image: ImageRow): string {
    return originalUrl(ctx, image);
  }
}
