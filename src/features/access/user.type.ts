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
    'What a person or key may do in a project. An OWNER may do all that an EDITOR may, and an EDITOR all that a VIEWER may.',
  valuesConfig: {
    OWNER: {
      description:
        'Manages the project: members, API keys, budgets, approvals, the audit log, archiving and deleting.',
    },
    EDITOR: {
      description: 'Works in the project: characters, reference images, runs and ratings. May read spend.',
    },
    VIEWER: { description: 'Reads the project.' },
  },
});

@ObjectType({ description: "A person who has signed in through the organisation's identity provider." })
export class User {
  @Field(() => String, {
    nullable: true,
    description:
      "The user's last verified e-mail address, from the identity provider. Null when there is none, when the last address that was sent is not verified, and for a forgotten user.",
  })
  email: string | null;
  @Field(() => String, {
    nullable: true,
    description:
      'The name that the identity provider last sent. Null when it sent none, and for a forgotten user.',
  })
  name: string | null;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description:
      "When the user was forgotten. Since then the id is a pseudonym, and the user's actions stay under it. Null for all other users.",
  })
  forgottenAt: Date | null;
}
