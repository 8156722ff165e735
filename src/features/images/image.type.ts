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
  description: 'The format in which a picture is delivered.',
  valuesConfig: {
    WEBP: { description: 'Small files, for the web.' },
    JPEG: { description: 'Readable everywhere; no transparency.' },
    PNG: { description: 'Lossless.' },
    AVIF: { description: 'The smallest files, and the slowest to create.' },
  },
});

@ObjectType({
  implements: Node,
  description: 'A stored picture of a project, identified by the hash of its bytes.',
})
export class Image extends Node {
  @Field(() => Int, { description: 'The width in pixels, read from the bytes.' })
  width: number;
  @Field(() => Int, { description: 'The height in pixels, read from the bytes.' })
  height: number;
  @Field(() => String, {
    description:
      'The media type of the stored original, read from its bytes: `image/jpeg`, `image/png` or `image/webp` for an upload; also `image/gif`, `image/avif` and `image/tiff` for what a provider delivered.',
  })
  contentType: string;
  @Field(() => Int, { description: 'The size of the stored original, in bytes.' })
  sizeBytes: number;
  @Field(() => String, { description: 'The SHA-256 of the stored original, in hexadecimal.' })
  sha256: string;
}

/** In which size and format a picture is served. */
@ArgsType()
export class VariantArgs {
  @Field(() => Int, {
    nullable: true,
    description:
      'The width in pixels, 16 to 4096, to which the picture is scaled down. A picture is never scaled up. Left out: the original size.',
  })
  width?: number | null;
  @Field(() => ImageFormat, {
    nullable: true,
    description:
      'The format of the picture. Left out: as stored, but a type that browsers do not show (`image/tiff`) is delivered as WEBP.',
  })
  format?: ImageFormat | null;
}

/** Where a picture comes from; exactly one member. */
@InputType({
  description:
    'The source of a picture. Exactly one field must be given. The alternative for bytes: send them to `POST /images?projectId=…` and give the `imageId` of the response. A picture that is not used is removed after a day.',
})
export class ImageSourceInput {
  @Field(() => UrlScalar, {
    nullable: true,
    description:
      'A public http or https address on port 80 or 443. The server fetches it once, during this request.',
  })
  url?: URL | null;
  @Field(() => String, {
    nullable: true,
    description: 'The bytes in base64, with or without a `data:` prefix.',
  })
  base64?: string | null;
  @Field(() => ID, {
    nullable: true,
    description: 'The id of an image that is already stored in the same project.',
  })
  imageId?: string | null;
}
