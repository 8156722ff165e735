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
    description: 'The users with an e-mail address. For the admin; others: FORBIDDEN.',
  })
  users(
    @Ctx() ctx: Context,
    @Arg('email', () => String, { description: 'The address; case does not matter.' }) email: string,
  ) {
    return listUsersByEmail(ctx, email);
  }

  @Mutation(() => ExportUserPayload, {
    description:
      'Exports all that is stored about a user: profile, memberships, invitations, keys, and what they did. For the admin; others: FORBIDDEN.',
  })
  exportUser(
    @Ctx() ctx: Context,
    @Arg('input', () => ExportUserInput, { description: 'Which user.' }) input: ExportUserInput,
  ) {
    return toPayload('userExport', exportUser(ctx, input));
  }

  @Mutation(() => ForgetUserPayload, {
    description:
      'Clears the address, the name and the subject of a user for good. The user leaves every project, their PERSONAL keys are revoked, and their sockets are closed. SERVICE keys that they made go on. What they did stays under their id. A person who comes with the same subject later is a new user. For the admin; others: FORBIDDEN. User error: LAST_OWNER.',
  })
  forgetUser(
    @Ctx() ctx: Context,
    @Arg('input', () => ForgetUserInput, { description: 'Which user.' }) input: ForgetUserInput,
  ) {
    return toPayload('user', forgetUser(ctx, input));
  }
}
