import { Field, Int, ObjectType } from 'type-graphql';
import { UrlScalar } from '../../platform/graphql/scalars.ts';

@ObjectType({
  description:
    'An output of a run that did not become a picture, or became one of which a part is missing. It was paid for, so its bytes or its address are kept.',
})
export class OutputProblem {
  @Field(() => Int, { description: "The output's place in the run, from 0." })
  index: number;
  @Field(() => String, { description: 'Machine-readable, such as `DAMAGED`.' })
  code: string;
  @Field(() => String, { description: 'For a person.' })
  message: string;
  @Field(() => UrlScalar, {
    nullable: true,
    description:
      'A signed address of the bytes as the provider sent them, to be saved as a file: unchecked, so open it with care. Good for a day or two. Null when no bytes came.',
  })
  url: string | null;
  @Field(() => Int, { nullable: true, description: 'How many bytes were kept.' })
  sizeBytes: number | null;
  @Field(() => String, { nullable: true, description: 'Their SHA-256 in hexadecimal.' })
  sha256: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'What they seem to be, by how they begin, such as `image/tiff`.',
  })
  contentType: string | null;
  @Field(() => String, {
    nullable: true,
    description:
      'Where the provider has it. Not checked by us. The provider keeps results for about an hour. Null when it came in the answer itself.',
  })
  providerUrl: string | null;
}
