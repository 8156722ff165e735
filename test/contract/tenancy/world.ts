import { adminKey, type Dramatis } from '../../support/dramatis.ts';
import { apiKey, mutate, type Person, token } from '../../support/people.ts';
import { seed } from '../../support/seed.ts';

/** The global ids of one project and of things in it. */
export interface Ids {
  readonly project: string;
  readonly character: string;
  readonly referenceImage: string;
  readonly image: string;
  readonly generation: string;
  readonly generatedImage: string;
  readonly member: string;
  readonly invitation: string;
  readonly apiKey: string;
  readonly budget: string;
  readonly budgetAlert: string;
  readonly user: string;
}
export type IdName = keyof Ids;

export const viewers = ['none', 'stranger', 'VIEWER', 'EDITOR', 'OWNER', 'key', 'revoked', 'admin'] as const;
export type ViewerName = (typeof viewers)[number];

/** A project with one of everything, and all its viewers. */
export interface World {
  readonly ids: Ids;
  readonly people: Readonly<Record<Exclude<ViewerName, 'none' | 'stranger'>, Person>>;
}

const admin = { key: adminKey };

/** A text in a world's rows that no viewer of another world may get. */
export function canary(name: string): string {
  return `canary-of-${name}`;
}

/** Builds a world; `name` keeps its people apart from those of other worlds. */
export async function buildWorld(dramatis: Dramatis, name: string): Promise<World> {
  dramatis.secrets.hush(canary(name));
  const owner = { key: await token(`${name}-owner`) };
  const words = { name, description: canary(name), appearance: canary(name) };
  const made = await seed(dramatis).project(name, owner).key().character(words).face().pose().make();
  const { projectId: project, characterId: character, face: referenceImage, key } = made;
  const join = async (role: string) => {
    const email = `${name}-${role.toLowerCase()}@example.test`;
    const invited = await mutate(
      dramatis,
      owner,
      'inviteMember',
      { projectId: project, email, role },
      'token',
    );
    const who = { key: await token(`${name}-${role.toLowerCase()}`) };
    const joined = await mutate(dramatis, who, 'acceptInvitation', { token: invited.token }, 'member { id }');
    return { ...who, member: joined.member.id };
  };
  const [editor, viewer] = [await join('EDITOR'), await join('VIEWER')];
  const revoked = await apiKey(dramatis, owner, project);
  await mutate(dramatis, owner, 'revokeApiKey', { id: revoked.id }, 'apiKey { id }');
  const generation = await dramatis.generate(character, canary(name));
  await dramatis.settle(generation);
  const found = await dramatis.get(
    `{ generation(id: "${generation}") { images { id } } referenceImage: node(id: "${referenceImage}") { ... on ReferenceImage { image { id } } } }`,
  );
  const invitation = await invite(dramatis, project, `${name}-invited@example.test`);
  const { budget, budgetAlert } = await reachedBudget(dramatis, project);
  const { viewer: asOwner } = (await dramatis.ask('{ viewer { user { id } } }', {}, owner)).data;
  return {
    ids: {
      project,
      character,
      referenceImage,
      image: found.referenceImage.image.id,
      generation,
      generatedImage: found.generation.images[0].id,
      member: viewer.member,
      invitation,
      apiKey: key.id,
      budget,
      budgetAlert,
      user: asOwner.user.id,
    },
    people: { VIEWER: viewer, EDITOR: editor, OWNER: owner, key, revoked, admin },
  };
}

export async function invite(dramatis: Dramatis, project: string, email: string): Promise<string> {
  const made = await mutate(
    dramatis,
    admin,
    'inviteMember',
    { projectId: project, email, role: 'VIEWER' },
    'invitation { id }',
  );
  return made.invitation.id;
}

/** A budget that has reached a threshold, and room for whatever the tests ask for. */
async function reachedBudget(dramatis: Dramatis, project: string) {
  const input = { projectId: project, scope: 'PROJECT', period: 'TOTAL', cap: '0.01', thresholds: [1] };
  const made = await mutate(dramatis, admin, 'createBudget', input, 'budget { id }');
  const budget: string = made.budget.id;
  await mutate(dramatis, admin, 'updateBudget', { id: budget, cap: '1000000' }, 'budget { id }');
  const told = await dramatis.get(
    `{ project(id: "${project}") { budgetAlerts(first: 1) { nodes { id } } } }`,
  );
  return { budget, budgetAlert: told.project.budgetAlerts.nodes[0].id as string };
}

/** A new person, as a member who may be removed. */
export async function newMember(dramatis: Dramatis, project: string): Promise<string> {
  const name = `spare-${Math.random().toString(36).slice(2)}`;
  const invited = await mutate(
    dramatis,
    admin,
    'inviteMember',
    { projectId: project, email: `${name}@example.test`, role: 'VIEWER' },
    'token',
  );
  const joined = await mutate(
    dramatis,
    { key: await token(name) },
    'acceptInvitation',
    { token: invited.token },
    'member { id }',
  );
  return joined.member.id;
}

/** A character that no other test uses, so that it may be archived. */
export async function newCharacter(dramatis: Dramatis, project: string): Promise<string> {
  const spare = seed(dramatis).in({ projectId: project, owner: admin }).character({ name: 'spare' });
  return (await spare.make()).characterId;
}
