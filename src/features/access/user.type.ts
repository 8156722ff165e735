import { Field, ObjectType, registerEnumType } from 'type-graphql';
import type { Role as RoleName } from '../../platform/auth/role.ts';
import { DateTimeScalar } from '../../platform/graphql/scalars.ts';

/** The policy's roles, as GraphQL's enum. */
export const Role = {
  OWNER: 'OWNER',
  EDITOR: 'EDITOR',
  VIEWER: 'VIEWER',
} satisfies Record<RoleName, RoleName>;
registerEnumType(Role, {
  name: 'Role',
  description:
    'What someone may do in a project. An OWNER may do all that an EDITOR may, an EDITOR all that a VIEWER may.',
  valuesConfig: {
    OWNER: { description: 'Runs the project: members, keys, the audit log, archiving and deleting.' },
    EDITOR: { description: 'Works in it: characters, reference images, runs.' },
    VIEWER: { description: 'Looks at it.' },
  },
});

@ObjectType({ description: "Someone whom the organisation's identity provider knows." })
export class User {
  @Field(() => String, { nullable: true, description: 'As the identity provider last told it, if verified.' })
  email: string | null;
  @Field(() => String, { nullable: true, description: 'As the identity provider last told it.' })
  name: string | null;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description:
      'When the user was forgotten. Since then the id is a pseudonym, and what the user did stays under it. Null for all others.',
  })
  forgottenAt: Date | null;
}
