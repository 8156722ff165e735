import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { payloadType } from '../../platform/graphql/payload.ts';
import { DateTimeScalar } from '../../platform/graphql/scalars.ts';
import { User } from '../access/user.type.ts';

@ObjectType({ description: 'Where all that is stored about a user can be fetched.' })
export class UserExport {
  @Field(() => String, {
    description:
      'A GET without a key answers JSON Lines, each with a `kind`. Anyone who has the address can open it until it expires.',
  })
  url: string;
  @Field(() => DateTimeScalar, { description: 'Until when it can be opened.' })
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
  'Where it can be fetched.',
);
export const ForgetUserPayload = payloadType(
  'ForgetUser',
  'user',
  () => User,
  'The user as it is now: only the id is left.',
);
