import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { payloadType } from '../../platform/graphql/payload.ts';
import { DateTimeScalar } from '../../platform/graphql/scalars.ts';
import { User } from '../access/user.type.ts';

@ObjectType({ description: 'The URL at which all data that is stored about a user can be fetched.' })
export class UserExport {
  @Field(() => String, {
    description:
      'A signed URL. A GET without a key responds with JSON Lines, each with a `kind`. Anyone who has the URL can open it until it expires.',
  })
  url: string;
  @Field(() => DateTimeScalar, { description: 'When the URL expires, about 15 minutes after the request.' })
  expiresAt: Date;
}

@InputType({ description: 'The user whose data is exported.' })
export class ExportUserInput {
  @Field(() => ID, { description: "The user's id." })
  id: string;
}

@InputType({ description: 'The user to forget.' })
export class ForgetUserInput {
  @Field(() => ID, { description: "The user's id." })
  id: string;
}

export const ExportUserPayload = payloadType(
  'ExportUser',
  'userExport',
  () => UserExport,
  'The URL of the export.',
);
export const ForgetUserPayload = payloadType(
  'ForgetUser',
  'user',
  () => User,
  'The forgotten user. Only the id is left.',
);
