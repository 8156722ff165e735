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
  description: 'The kind of credentials that a request was sent with.',
  valuesConfig: {
    ADMIN: { description: "The installation's admin key, which may do everything." },
    USER: { description: "A token of the organisation's identity provider." },
    API_KEY: { description: 'An API key of a project.' },
  },
});

@ObjectType({ description: 'The caller of this request.' })
export class Viewer {
  @Field(() => ViewerKind, { description: 'The kind of credentials that the request was sent with.' })
  kind: ViewerFacts['kind'];
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When the token or API key expires; null when it does not.',
  })
  expiresAt: Date | null;
}
