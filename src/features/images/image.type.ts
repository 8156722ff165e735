import { ArgsType, Field, ID, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { UrlScalar } from '../../platform/graphql/scalars.ts';
import { Node } from '../../platform/reads/connection.ts';

/** The formats a picture can be had in. */
export enum ImageFormat {
  WEBP = 'WEBP',
  JPEG = 'JPEG',
  PNG = 'PNG',
  AVIF = 'AVIF',
}
registerEnumType(ImageFormat, {
  name: 'ImageFormat',
  description: 'The format a picture is served in.',
  valuesConfig: {
    WEBP: { description: 'Small, for the web.' },
    JPEG: { description: 'Read everywhere; no transparency.' },
    PNG: { description: 'Lossless.' },
    AVIF: { description: 'Smallest, slowest to make.' },
  },
});

@ObjectType({
  implements: Node,
  description: 'Stored picture bytes, addressed by their hash, whoever uses them.',
})
export class Image extends Node {
  @Field(() => Int, { description: 'In pixels, read from the bytes.' })
  width: number;
  @Field(() => Int, { description: 'In pixels, read from the bytes.' })
  height: number;
  @Field(() => String, {
    description:
      'The type of the stored original, read from its bytes: `image/jpeg`, `image/png` or `image/webp` for an upload; `image/gif`, `image/avif` and `image/tiff` as well for what a provider delivers.',
  })
  contentType: string;
  @Field(() => Int, { description: 'The size of the stored original.' })
  sizeBytes: number;
  @Field(() => String, { description: "The original's SHA-256 in hexadecimal." })
  sha256: string;
}

/** In which size and format a picture is served. */
@ArgsType()
export class VariantArgs {
  @Field(() => Int, {
    nullable: true,
    description: 'Scaled down to this many pixels, 16 to 4096; never up. Left out: the original size.',
  })
  width?: number | null;
  @Field(() => ImageFormat, {
    nullable: true,
    description:
      'Left out: as stored. A type that browsers do not show (`image/tiff`) is then served as WEBP.',
  })
  format?: ImageFormat | null;
}

/** Where a picture comes from; exactly one member. */
@InputType({
  description:
    'Where a picture comes from: exactly one of these. Or send its bytes to `POST /images?projectId=…` and give the `imageId` it answers. A picture that nothing uses is removed after a day.',
})
export class ImageSourceInput {
  @Field(() => UrlScalar, {
    nullable: true,
    description: 'A public http or https address on port 80 or 443; fetched once, now.',
  })
  url?: URL | null;
  @Field(() => String, {
    nullable: true,
    description: 'The bytes in base64, with or without a `data:` prefix.',
  })
  base64?: string | null;
  @Field(() => ID, { nullable: true, description: 'An image already stored in the same project.' })
  imageId?: string | null;
}
