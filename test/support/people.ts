import { SignJWT } from 'jose';
import type { Dramatis } from './dramatis.ts';
import type { Of, RightOf, Selected } from './operations/read.ts';
import type { Objects } from './operations/schema.ts';

/** What the test servers take tokens by. */
export const tokenSettings = {
  AUTH_JWT_SECRET: 'a_secret_that_only_the_tests_know_of',
  AUTH_ISSUER: 'https://id.example.test',
  AUTH_AUDIENCE: 'dramatis-tests',
};

/** A token as the organisation's identity provider would sign it. */
export function token(
  subject: string,
  { email = `${subject}@example.test`, lifetimeSeconds = 3_600, ...claims }: Record<string, unknown> = {},
): Promise<string> {
  return new SignJWT({ email, name: subject, ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(subject)
    .setIssuer(tokenSettings.AUTH_ISSUER)
    .setAudience(tokenSettings.AUTH_AUDIENCE)
    .setExpirationTime(Math.floor(Date.now() / 1_000) + Number(lifetimeSeconds))
    .sign(new TextEncoder().encode(tokenSettings.AUTH_JWT_SECRET));
}

/** A person who sends requests: the credential of the requests. */
export interface Person {
  readonly key: string;
}

type Mutations = Objects['Mutation'];

/** What a mutation gives, where these fields of its payload are selected. */
type PayloadOf<Name extends keyof Mutations, Fields extends string> =
  Mutations[Name][0] extends Of<infer Payload>
    ? Selected<Payload, `{ ${Fields} userErrors { code path message } }`>
    : never;

/** One mutation with `input`; resolves to its payload, and throws what came as top-level errors. */
export async function mutate<const Name extends keyof Mutations, const Fields extends string>(
  dramatis: Dramatis,
  who: Person,
  name: Name,
  input: object,
  fields: Fields & RightOf<PayloadOf<Name, Fields>>,
): Promise<PayloadOf<Name, Fields>> {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
  const document = `mutation ($input: ${type}!) { ${name}(input: $input) { ${fields} userErrors { code path message } } }`;
  const { data, errors } = await dramatis.send<Record<Name, PayloadOf<Name, Fields>>>(
    document,
    { input },
    who,
  );
  if (errors) throw new Error(errors.map(({ extensions }) => extensions.code).join(' '));
  return data[name];
}

/** A project with an owner, an editor and a viewer, each by invitation. */
export async function team(dramatis: Dramatis) {
  const owner = { key: await token('olivia') };
  const { project } = await mutate(dramatis, owner, 'createProject', { name: 'Team' }, 'project { id }');
  const projectId: string = project.id;
  const editor = { key: await token('edgar') };
  const viewer = { key: await token('vera') };
  const join = async (who: Person, email: string, role: string): Promise<string> => {
    const invited = await mutate(dramatis, owner, 'inviteMember', { projectId, email, role }, 'token');
    const accepted = await mutate(
      dramatis,
      who,
      'acceptInvitation',
      { token: invited.token },
      'member { id }',
    );
    return accepted.member.id;
  };
  const editorMember = await join(editor, 'edgar@example.test', 'EDITOR');
  const viewerMember = await join(viewer, 'vera@example.test', 'VIEWER');
  return { projectId, owner, editor, viewer, editorMember, viewerMember, join };
}

/** A key for a project, made by an owner. */
export async function apiKey(
  dramatis: Dramatis,
  owner: Person,
  projectId: string,
  more: object = {},
): Promise<Person & { id: string }> {
  const input = { projectId, name: 'tests', kind: 'SERVICE', role: 'EDITOR', ...more };
  const made = await mutate(dramatis, owner, 'createApiKey', input, 'secret apiKey { id }');
  if (!made.apiKey) throw new Error(JSON.stringify(made.userErrors));
  return { key: made.secret, id: made.apiKey.id };
}
