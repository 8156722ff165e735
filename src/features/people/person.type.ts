import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { payloadType } from '../../platform/graphql/payload.ts';
import { DateTimeScalar } from '../../platform/graphql/scalars.ts';
import { User } from '../access/user.type.ts';

@ObjectType({ description: 'Where all that is stored about a user can be fetched.' })
export class UserExport {
  @Field(() => String, {
    description:
      'GET it, without a key: JSON Lines, each with `kind`. Whoever has the address can open it until it expires.',
  })
  url: string;
  @Field(() => DateTimeScalar, { description: 'Until when it can be opened.' })
  expiresAt: Date;
}

@InputType({ description: 'Whose data to take out.' })
export class ExportUserInput {
  @Field(() => ID, { description: "The user's id." })
  id: string;
}

@InputType({ description: 'Whom to forget.' })
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
  'What is left: the id, under which their acts stay.',
);
