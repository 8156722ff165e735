import { Field, Int, ObjectType } from 'type-graphql';
import { UrlScalar } from '../../platform/graphql/scalars.ts';

@ObjectType({
  description:
    'An output of a run that did not become a picture, or became an incomplete picture. The output was paid for, so its bytes or its address are kept.',
})
export class OutputProblem {
  @Field(() => Int, { description: 'The position of the output in the run, from 0.' })
  index: number;
  @Field(() => String, { description: 'The machine-readable reason, such as `DAMAGED`.' })
  code: string;
  @Field(() => String, { description: 'A sentence for a person.' })
  message: string;
  @Field(() => UrlScalar, {
    nullable: true,
    description:
      'A signed URL of the bytes as the provider sent them, to be saved as a file. The bytes are not checked: open them with care. The URL is valid for one to two days. Null when no bytes were kept.',
  })
  url: string | null;
  @Field(() => Int, {
    nullable: true,
    description: 'The number of bytes that were kept. Null when there are none.',
  })
  sizeBytes: number | null;
  @Field(() => String, {
    nullable: true,
    description: 'The SHA-256 of the bytes, in hexadecimal. Null when no bytes were kept.',
  })
  sha256: string | null;
  @Field(() => String, {
    nullable: true,
    description:
      'The media type of the bytes as their beginning suggests, such as `image/tiff`. Null when no bytes were kept or the type is unknown.',
  })
  contentType: string | null;
  @Field(() => String, {
    nullable: true,
    description:
      "The provider's address of the output. The server does not check it, and the provider keeps results for about an hour. Null when the output was part of the response itself.",
  })
  providerUrl: string | null;
}
