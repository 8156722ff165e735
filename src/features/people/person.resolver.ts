import { Arg, Ctx, Extensions, Mutation, Query, Resolver } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { toPayload } from '../../platform/graphql/payload.ts';
import { User } from '../access/user.type.ts';
import { exportUser } from './export-user.ts';
import { forgetUser } from './forget-user.ts';
import { listUsersByEmail } from './person.queries.ts';
import { ExportUserInput, ExportUserPayload, ForgetUserInput, ForgetUserPayload } from './person.type.ts';

@Resolver(() => User)
export class PersonResolver {
  @Extensions({ items: 2 })
  @Query(() => [User], {
    nullable: true,
    description: 'The users with this e-mail address. For the admin; others get FORBIDDEN.',
  })
  users(
    @Ctx() ctx: Context,
    @Arg('email', () => String, { description: 'The address. Upper and lower case do not matter.' })
    email: string,
  ) {
    return listUsersByEmail(ctx, email);
  }

  @Mutation(() => ExportUserPayload, {
    description:
      "Exports all data that is stored about a user: profile, memberships, invitations, API keys, and the user's actions. For the admin; others get FORBIDDEN.",
  })
  exportUser(
    @Ctx() ctx: Context,
    @Arg('input', () => ExportUserInput, { description: 'The user whose data is exported.' })
    input: ExportUserInput,
  ) {
    return toPayload('userExport', exportUser(ctx, input));
  }

  @Mutation(() => ForgetUserPayload, {
    description:
      "Deletes the e-mail address, the name and the subject of a user permanently. The user leaves every project, the user's PERSONAL keys are revoked, and the user's sockets are closed. SERVICE keys that the user created stay valid. The user's actions stay under the same id. A person who signs in with the same subject later is a new user. For the admin; others get FORBIDDEN. User error: LAST_OWNER.",
  })
  forgetUser(
    @Ctx() ctx: Context,
    @Arg('input', () => ForgetUserInput, { description: 'The user to forget.' }) input: ForgetUserInput,
  ) {
    return toPayload('user', forgetUser(ctx, input));
  }
}
