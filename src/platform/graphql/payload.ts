import { Extensions, Field, ObjectType } from 'type-graphql';
import { InputProblems, UserError } from '../../errors.ts';

@ObjectType('UserError', { description: 'A problem with the input that the caller can correct.' })
export class UserErrorType {
  @Field(() => String, { description: 'The machine-readable code, such as `INVALID_INPUT`. Stable.' })
  code: string;
  @Field(() => String, { description: 'A sentence for a person: what was expected, and what was given.' })
  message: string;
  @Field(() => [String], {
    nullable: true,
    description:
      'The path of the field, from the argument on: `["input", "name"]`. Null when no single field has the problem.',
  })
  path: string[] | null;
}

/** Turns an error of a use case into user errors. Throws every other error again. */
export function presentUserErrors(error: unknown): UserErrorType[] {
  const problems =
    error instanceof InputProblems ? error.problems : error instanceof UserError ? [error] : undefined;
  if (!problems) throw error;
  return problems.map(({ code, message, path }) => ({ code, message, path: path?.map(String) ?? null }));
}

/** Makes the payload of a mutation from the result of a use case, or from its user errors. */
export async function toPayload<Name extends string, Entity>(
  name: Name,
  result: Promise<Entity>,
): Promise<{ [K in Name]: Entity | null } & { userErrors: UserErrorType[] }> {
  const [entity, userErrors] = await result.then(
    (value) => [value, []] as const,
    (error: unknown) => [null, presentUserErrors(error)] as const,
  );
  return { [name]: entity, userErrors } as { [K in Name]: Entity | null } & { userErrors: UserErrorType[] };
}

/** The same for a mutation that returns several values; all of `names` are null when it failed. */
export async function toPayloadOf<Entities extends object>(
  names: readonly (keyof Entities)[],
  result: Promise<Entities>,
): Promise<Record<string, unknown> & { userErrors: UserErrorType[] }> {
  return result.then(
    (entities) => ({ ...entities, userErrors: [] }),
    (error: unknown) => ({
      ...Object.fromEntries(names.map((name) => [name, null])),
      userErrors: presentUserErrors(error),
    }),
  );
}

/** Makes the payload type of a mutation: its entity or null, and its user errors. */
export function payloadType<Entity extends object>(
  mutation: string,
  field: string,
  entity: () => new () => Entity,
  description: string,
) {
  @ObjectType(`${mutation}Payload`, {
    description: `The result of \`${mutation[0]?.toLowerCase()}${mutation.slice(1)}\`.`,
  })
  class Payload {
    @Extensions({ items: 1 })
    @Field(() => [UserErrorType], {
      description: 'What is wrong with the input. Empty when the mutation succeeded.',
    })
    userErrors: UserErrorType[];
  }
  Field(() => entity(), {
    nullable: true,
    description: `${description} Null when there are user errors.`,
  })(Payload.prototype, field);
  return Payload;
}
