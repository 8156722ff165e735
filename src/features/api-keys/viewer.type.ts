import { Field, ObjectType, registerEnumType } from 'type-graphql';
import type { Viewer as ViewerFacts } from '../../platform/auth/viewer.ts';
import { DateTimeScalar } from '../../platform/graphql/scalars.ts';

/** The kinds of credentials of a viewer, as GraphQL's enum. */
export const ViewerKind = {
  ADMIN: 'ADMIN',
  USER: 'USER',
  API_KEY: 'API_KEY',
} satisfies Record<ViewerFacts['kind'], ViewerFacts['kind']>;
registerEnumType(ViewerKind, {
  name: 'ViewerKind',
  description: 'By what someone came.',
  valuesConfig: {
    ADMIN: { description: 'By the admin key: sees and does everything.' },
    USER: { description: "By a token of the organisation's identity provider." },
    API_KEY: { description: "By a project's API key." },
  },
});

@ObjectType({ description: 'Who asks.' })
export class Viewer {
  @Field(() => ViewerKind, { description: 'By what they came.' })
  kind: ViewerFacts['kind'];
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When their token or key ends; null for never.',
  })
  expiresAt: Date | null;
}
