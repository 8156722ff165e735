import { type Dramatis, picture } from '../../support/dramatis.ts';
import { mutate } from '../../support/people.ts';
import { runReturnings, runTakings } from './run-places.ts';
import { type IdName, type Ids, newCharacter, newMember, type ViewerName } from './world.ts';

/** What each viewer gets; `OK` or a code. Written down here once more, so that the server's own table is checked. */
export type Outcomes = Readonly<Record<ViewerName, string>>;

const unauthenticated = { none: 'UNAUTHENTICATED', revoked: 'UNAUTHENTICATED' };
const hidden = { ...unauthenticated, stranger: 'NOT_FOUND', admin: 'OK', OWNER: 'OK' };
export const outcomes = {
  /** Each member of the project, its keys, and the admin. */
  read: { ...hidden, VIEWER: 'OK', EDITOR: 'OK', key: 'OK' },
  /** The same, but people only. */
  readPeople: { ...hidden, VIEWER: 'OK', EDITOR: 'OK', key: 'FORBIDDEN' },
  /** Editors, their keys, and owners. */
  edit: { ...hidden, VIEWER: 'FORBIDDEN', EDITOR: 'OK', key: 'OK' },
  /** Owners only. */
  own: { ...hidden, VIEWER: 'FORBIDDEN', EDITOR: 'FORBIDDEN', key: 'FORBIDDEN' },
  /** The admin of the installation. */
  admin: {
    ...unauthenticated,
    stranger: 'FORBIDDEN',
    admin: 'OK',
    OWNER: 'FORBIDDEN',
    VIEWER: 'FORBIDDEN',
    EDITOR: 'FORBIDDEN',
    key: 'FORBIDDEN',
  },
  /** Each viewer with a valid credential. */
  authenticated: { ...hidden, stranger: 'OK', VIEWER: 'OK', EDITOR: 'OK', key: 'OK' },
  /** What was spent: editors, their keys, and owners. */
  spend: { ...hidden, VIEWER: 'FORBIDDEN', EDITOR: 'OK', key: 'OK' },
  /** Their question about something that is not there: an empty answer. */
  spendFilter: { ...hidden, stranger: 'OK', VIEWER: 'FORBIDDEN', EDITOR: 'OK', key: 'OK' },
  /** Only the admin of the installation. */
  adminOnly: {
    ...unauthenticated,
    admin: 'OK',
    stranger: 'FORBIDDEN',
    VIEWER: 'FORBIDDEN',
    EDITOR: 'FORBIDDEN',
    OWNER: 'FORBIDDEN',
    key: 'FORBIDDEN',
  },
  /** An owner's question about something that is not there: an empty answer. */
  filter: { ...hidden, stranger: 'OK', VIEWER: 'FORBIDDEN', EDITOR: 'FORBIDDEN', key: 'FORBIDDEN' },
} satisfies Record<string, Outcomes>;

/** A place that takes an id: the operation that gives it one, and what comes of it. */
export interface Taking {
  /** Which id it takes. The stranger gives the target's for this one and their own for all others. */
  readonly id: IdName;
  readonly operation: (ids: Ids) => string;
  readonly expected: Outcomes;
  /** A user error that only a viewer with the needed role can get. */
  readonly passes?: string;
  /** Makes what the operation uses up, before each time that it is expected to work. */
  readonly before?: (dramatis: Dramatis, ids: Ids) => Promise<Partial<Ids>>;
  readonly after?: (dramatis: Dramatis, ids: Ids) => Promise<unknown>;
}

const mutation = (name: string, input: string) =>
  `mutation { ${name}(input: { ${input} }) { userErrors { code } } }`;

export function writing(
  name: string,
  id: IdName,
  input: (ids: Ids) => string,
  expected: Outcomes,
  more: Partial<Taking> = {},
): Taking {
  return { id, operation: (ids) => mutation(name, input(ids)), expected, ...more };
}

const admin = { key: 'test_admin_key_0123456789' };
const spareCharacter = {
  before: async (dramatis: Dramatis, ids: Ids) => ({ character: await newCharacter(dramatis, ids.project) }),
};
const spareReference = {
  before: async (dramatis: Dramatis, ids: Ids) => ({
    referenceImage: await dramatis.addReference(ids.character, 'STYLE', '#777'),
  }),
};
const pixel = (await picture('#abc', 16)).toString('base64');
const address = () => `n${Math.random().toString(36).slice(2)}@example.test`;

/** The image parameters of every model, by the name of its input. */
const imageParameters: Readonly<Record<string, readonly string[]>> = {
  consistentCharacter: ['subject'],
  consistentCharacterWithPose: ['faceImage', 'poseImage'],
  consistentCharacterAiNeolemon: ['image'],
  consistentCharacterAiNeolemonV3: ['inputImage', 'ipImage'],
};

/** Every place that takes an id, as the schema names it. */
export function takings(
  models: Readonly<Record<string, readonly string[]>> = imageParameters,
): Record<string, Taking> {
  const { read, edit, own, filter, spendFilter, adminOnly } = outcomes;
  const reading = (field: string, id: IdName): Taking => ({
    id,
    operation: (ids) => `{ ${field}(id: "${ids[id]}") { id } }`,
    expected: read,
  });
  const auditLog = (name: string, id: IdName): Taking => ({
    id,
    operation: (ids) =>
      `{ project(id: "${ids.project}") { auditLog(first: 5, filter: { ${name}: "${ids[id]}" }) { totalCount } } }`,
    expected: filter,
  });
  const ledger = (name: string, id: IdName): Taking => ({
    id,
    operation: (ids) =>
      `{ project(id: "${ids.project}") { ledger(first: 5, filter: { ${name}: "${ids[id]}" }) { totalCount nodes { id } } } }`,
    expected: spendFilter,
  });
  /** A subject has one budget for each period. The error that a budget exists shows that the viewer may make one. */
  const budget = (id: IdName, subject: (ids: Ids) => string) =>
    writing(
      'createBudget',
      id,
      (ids) => `projectId: "${ids.project}", ${subject(ids)}, period: DAY, cap: "1000000"`,
      own,
      { passes: 'BUDGET_EXISTS' },
    );
  const spend = (name: string, id: IdName): Record<string, Taking> => {
    const asked = (ids: Ids) =>
      `spend(from: "2026-01-01", to: "2035-12-31", filter: { ${name}: ["${ids[id]}"] }) { totals { runs } rows { amount } }`;
    return {
      [`Project.spend(filter.${name})`]: {
        id,
        operation: (ids) => `{ project(id: "${ids.project}") { ${asked(ids)} } }`,
        // A filter with another project's id asks for that project.
        expected: id === 'project' ? edit : spendFilter,
      },
      [`Query.spend(filter.${name})`]: { id, operation: (ids) => `{ ${asked(ids)} }`, expected: adminOnly },
    };
  };
  const places: Record<string, Taking> = {
    ...runTakings(models),
    ...spend('characterIds', 'character'),
    ...spend('userIds', 'user'),
    ...spend('apiKeyIds', 'apiKey'),
    ...spend('projectIds', 'project'),
    'Mutation.rateImage(input.id)': writing(
      'rateImage',
      'generatedImage',
      (ids) => `id: "${ids.generatedImage}", verdict: FAVORITE`,
      edit,
    ),
    'Query.project(id)': reading('project', 'project'),
    'Query.character(id)': reading('character', 'character'),
    'Query.generation(id)': reading('generation', 'generation'),
    'Query.node(id)': reading('node', 'image'),
    'Query.nodes(ids)': {
      id: 'referenceImage',
      operation: (ids) => `{ nodes(ids: ["${ids.referenceImage}"]) { id } }`,
      expected: read,
    },
    'Subscription.generationUpdated(id)': {
      id: 'generation',
      operation: (ids) => `subscription { generationUpdated(id: "${ids.generation}") { id } }`,
      expected: read,
    },
    'Subscription.projectEvents(projectId)': {
      id: 'project',
      operation: (ids) =>
        `subscription { projectEvents(projectId: "${ids.project}", after: 0) { sequence } }`,
      expected: read,
    },
    'Project.auditLog(filter.userId)': auditLog('userId', 'user'),
    'Project.auditLog(filter.apiKeyId)': auditLog('apiKeyId', 'apiKey'),
    'Project.auditLog(filter.targetId)': auditLog('targetId', 'character'),
    'Project.ledger(filter.generationId)': ledger('generationId', 'generation'),
    'Project.ledger(filter.characterId)': ledger('characterId', 'character'),
    'Mutation.createBudget(input.projectId)': budget('project', () => 'scope: PROJECT'),
    'Mutation.createBudget(input.memberId)': budget(
      'member',
      (ids) => `scope: MEMBER, memberId: "${ids.member}"`,
    ),
    'Mutation.createBudget(input.apiKeyId)': budget(
      'apiKey',
      (ids) => `scope: API_KEY, apiKeyId: "${ids.apiKey}"`,
    ),
    'Mutation.createBudget(input.characterId)': budget(
      'character',
      (ids) => `scope: CHARACTER, characterId: "${ids.character}"`,
    ),
    'Mutation.updateBudget(input.id)': writing(
      'updateBudget',
      'budget',
      (ids) => `id: "${ids.budget}", cap: "999999"`,
      own,
    ),
    'Mutation.removeBudget(input.id)': writing(
      'removeBudget',
      'budget',
      (ids) => `id: "${ids.budget}"`,
      own,
      {
        before: async (dramatis, ids) => {
          const input = {
            projectId: ids.project,
            scope: 'MODEL',
            model: 'consistent-character',
            period: 'DAY',
          };
          const spare = { ...input, cap: '1000000' };
          const made = await mutate(dramatis, admin, 'createBudget', spare, 'budget { id }');
          return made.budget ? { budget: made.budget.id } : {};
        },
      },
    ),
    'Mutation.updateProject(input.id)': writing(
      'updateProject',
      'project',
      (ids) => `id: "${ids.project}", timeZone: "UTC"`,
      own,
    ),
    'Mutation.updateProjectLimits(input.id)': writing(
      'updateProjectLimits',
      'project',
      (ids) => `id: "${ids.project}", maxConcurrentGenerations: 20`,
      own,
    ),
    'Mutation.createCharacter(input.projectId)': writing(
      'createCharacter',
      'project',
      (ids) => `projectId: "${ids.project}", name: "x"`,
      edit,
    ),
    'Mutation.updateCharacter(input.id)': writing(
      'updateCharacter',
      'character',
      (ids) => `id: "${ids.character}", name: "x"`,
      edit,
    ),
    'Mutation.archiveCharacter(input.id)': writing(
      'archiveCharacter',
      'character',
      (ids) => `id: "${ids.character}"`,
      edit,
      spareCharacter,
    ),
    'Mutation.addReferenceImage(input.characterId)': writing(
      'addReferenceImage',
      'character',
      (ids) => `characterId: "${ids.character}", kind: BODY, source: { base64: "${pixel}" }`,
      edit,
    ),
    'Mutation.addReferenceImage(input.source.imageId)': writing(
      'addReferenceImage',
      'image',
      (ids) => `characterId: "${ids.character}", kind: BODY, source: { imageId: "${ids.image}" }`,
      edit,
    ),
    'Mutation.removeReferenceImage(input.id)': writing(
      'removeReferenceImage',
      'referenceImage',
      (ids) => `id: "${ids.referenceImage}"`,
      edit,
      spareReference,
    ),
    'Mutation.generate(input.characterId)': writing(
      'generate',
      'character',
      (ids) => `characterId: "${ids.character}", model: { consistentCharacter: { prompt: "x" } }`,
      edit,
    ),
    'Mutation.cancelGeneration(input.id)': writing(
      'cancelGeneration',
      'generation',
      (ids) => `id: "${ids.generation}"`,
      edit,
      { passes: 'NOT_CANCELABLE' },
    ),
    'Mutation.archiveProject(input.id)': writing(
      'archiveProject',
      'project',
      (ids) => `id: "${ids.project}"`,
      own,
      {
        after: (dramatis, ids) =>
          mutate(dramatis, admin, 'restoreProject', { id: ids.project }, 'project { id }'),
      },
    ),
    'Mutation.restoreProject(input.id)': writing(
      'restoreProject',
      'project',
      (ids) => `id: "${ids.project}"`,
      own,
    ),
    'Mutation.deleteProject(input.id)': writing(
      'deleteProject',
      'project',
      (ids) => `id: "${ids.project}", name: "wrong"`,
      own,
      { passes: 'NAME_DIFFERS' },
    ),
    'Mutation.setProviderKey(input.projectId)': writing(
      'setProviderKey',
      'project',
      (ids) => `projectId: "${ids.project}", key: "SG_0123456789abcdef"`,
      own,
    ),
    'Mutation.removeProviderKey(input.projectId)': writing(
      'removeProviderKey',
      'project',
      (ids) => `projectId: "${ids.project}"`,
      own,
    ),
    'Mutation.inviteMember(input.projectId)': writing(
      'inviteMember',
      'project',
      (ids) => `projectId: "${ids.project}", email: "${address()}", role: VIEWER`,
      own,
    ),
    'Mutation.withdrawInvitation(input.id)': writing(
      'withdrawInvitation',
      'invitation',
      (ids) => `id: "${ids.invitation}"`,
      own,
    ),
    'Mutation.changeMemberRole(input.id)': writing(
      'changeMemberRole',
      'member',
      (ids) => `id: "${ids.member}", role: VIEWER`,
      own,
    ),
    // A member may remove themselves: the VIEWER of a world is asked to remove another one.
    'Mutation.removeMember(input.id)': writing(
      'removeMember',
      'member',
      (ids) => `id: "${ids.member}"`,
      own,
      {
        before: async (dramatis, ids) => ({ member: await newMember(dramatis, ids.project) }),
      },
    ),
    'Mutation.createApiKey(input.projectId)': writing(
      'createApiKey',
      'project',
      (ids) => `projectId: "${ids.project}", name: "x", kind: SERVICE, role: VIEWER`,
      own,
    ),
    'Mutation.exportUser(input.id)': writing('exportUser', 'user', (ids) => `id: "${ids.user}"`, adminOnly),
    'Mutation.forgetUser(input.id)': writing(
      'forgetUser',
      'user',
      (ids) => `id: "${ids.user}"`,
      adminOnly,
      // The user of a world owns its project alone.
      { passes: 'LAST_OWNER' },
    ),
    'Mutation.revokeApiKey(input.id)': writing(
      'revokeApiKey',
      'apiKey',
      (ids) => `id: "${ids.apiKey}"`,
      own,
      {
        before: async (dramatis, ids) => {
          const input = { projectId: ids.project, name: 'spare', kind: 'SERVICE', role: 'VIEWER' };
          const made = await mutate(dramatis, admin, 'createApiKey', input, 'apiKey { id }');
          return { apiKey: made.apiKey.id };
        },
      },
    ),
  };
  for (const [model, parameters] of Object.entries(models)) {
    for (const parameter of parameters) {
      for (const [name, id] of [
        ['referenceImageId', 'referenceImage'],
        ['imageId', 'image'],
      ] as const) {
        places[`Mutation.generate(input.model.${model}.${parameter}.${name})`] = writing(
          'generate',
          id,
          (ids) =>
            `characterId: "${ids.character}", model: { ${model}: { prompt: "x", ${parameter}: { ${name}: "${ids[id]}" } } }`,
          edit,
        );
      }
    }
  }
  return places;
}

/** A field that returns an id, or something that has one: how it is asked for, and what comes of it. */
export interface Returning {
  readonly operation: (ids: Ids) => string;
  readonly expected: Outcomes;
}

export function of(
  type: string,
  id: IdName,
  selection: string,
  expected: Outcomes = outcomes.read,
): Returning {
  return { operation: (ids) => `{ node(id: "${ids[id]}") { ... on ${type} { ${selection} } } }`, expected };
}

/** The same for an operation of its own. */
export function root(operation: (ids: Ids) => string, expected: Outcomes = outcomes.read): Returning {
  return { operation, expected };
}

/** Every field that returns an id or something that has one, as the schema names it. */
export function returnings(): Record<string, Returning> {
  const { readPeople, own, authenticated, spend, adminOnly } = outcomes;
  const log = (selection: string) =>
    of('Project', 'project', `auditLog(first: 100) { nodes { ${selection} } }`, own);
  const spent = (grouping: string, selection: string) =>
    of(
      'Project',
      'project',
      `spend(from: "2026-01-01", to: "2035-12-31", groupBy: [${grouping}]) { rows { ${selection} } }`,
      spend,
    );
  const event = (selection: string) =>
    root((ids) => `subscription { projectEvents(projectId: "${ids.project}", after: 0) { ${selection} } }`);
  return {
    'Query.project': root((ids) => `{ project(id: "${ids.project}") { name } }`),
    'Query.character': root((ids) => `{ character(id: "${ids.character}") { name } }`),
    'Query.generation': root((ids) => `{ generation(id: "${ids.generation}") { status } }`),
    'Query.node': root((ids) => `{ node(id: "${ids.generatedImage}") { id } }`),
    'Query.nodes': root((ids) => `{ nodes(ids: ["${ids.generation}"]) { id } }`),
    // Each viewer's own projects; their content is compared below.
    'Query.projects': root(() => '{ projects(first: 100) { nodes { id } } }', authenticated),
    'Query.users': root(() => '{ users(email: "target-owner@example.test") { id email } }', adminOnly),
    'Subscription.generationUpdated': root(
      (ids) => `subscription { generationUpdated(id: "${ids.generation}") { status } }`,
    ),
    'Project.id': of('Project', 'project', 'id'),
    'Project.members': of('Project', 'project', 'members(first: 5) { nodes { id } }', readPeople),
    'Project.invitations': of('Project', 'project', 'invitations(first: 5) { nodes { id } }', own),
    'Project.apiKeys': of('Project', 'project', 'apiKeys(first: 5) { nodes { id } }', readPeople),
    'Project.characters': of('Project', 'project', 'characters(first: 5) { nodes { id } }'),
    'Project.generations': of('Project', 'project', 'generations(first: 5) { nodes { id } }'),
    'Project.budgets': of('Project', 'project', 'budgets(first: 5) { nodes { id } }', spend),
    'Project.budgetAlerts': of('Project', 'project', 'budgetAlerts(first: 5) { nodes { id } }', spend),
    'Project.ledger': of('Project', 'project', 'ledger(first: 5) { nodes { id } }', spend),
    'LedgerEntry.id': of('Project', 'project', 'ledger(first: 5) { nodes { id } }', spend),
    'LedgerEntry.generationId': of(
      'Project',
      'project',
      'ledger(first: 5) { nodes { generationId } }',
      spend,
    ),
    'Budget.id': of('Budget', 'budget', 'id', spend),
    'Budget.member': of('Budget', 'budget', 'member { id }', spend),
    'Budget.apiKey': of('Budget', 'budget', 'apiKey { id }', spend),
    'Budget.character': of('Budget', 'budget', 'character { id }', spend),
    'BudgetAlert.id': of('BudgetAlert', 'budgetAlert', 'id payload', spend),
    'BudgetAlert.budget': of('BudgetAlert', 'budgetAlert', 'budget { id }', spend),
    'Member.id': of('Member', 'member', 'id', readPeople),
    'Member.user': of('Member', 'member', 'user { id email }', readPeople),
    'Member.project': of('Member', 'member', 'project { id }', readPeople),
    'Invitation.id': of('Invitation', 'invitation', 'id', own),
    'Invitation.project': of('Invitation', 'invitation', 'project { id }', own),
    // The key of a world asks for itself.
    'ApiKey.id': of('ApiKey', 'apiKey', 'id', { ...own, key: 'OK' }),
    'ApiKey.user': of('ApiKey', 'apiKey', 'user { id }', { ...own, key: 'OK' }),
    'ApiKey.project': of('ApiKey', 'apiKey', 'project { id }', { ...own, key: 'OK' }),
    'User.id': of('Member', 'member', 'user { id }', readPeople),
    'Viewer.user': root(() => '{ viewer { user { id } } }', authenticated),
    'Viewer.apiKey': root(() => '{ viewer { apiKey { id } } }', authenticated),
    'AuditEntry.targetId': log('targetId'),
    'AuditActor.user': log('actor { user { id } }'),
    'AuditActor.apiKey': log('actor { apiKey { id } }'),
    'Character.id': of('Character', 'character', 'id'),
    'Character.project': of('Character', 'character', 'project { id }'),
    'Character.referenceImages': of('Character', 'character', 'referenceImages { id }'),
    'Character.referenceImagesConnection': of(
      'Character',
      'character',
      'referenceImagesConnection(first: 5) { nodes { id } }',
    ),
    'Character.generations': of('Character', 'character', 'generations(first: 5) { nodes { id } }'),
    'ReferenceImage.id': of('ReferenceImage', 'referenceImage', 'id'),
    'ReferenceImage.image': of('ReferenceImage', 'referenceImage', 'image { id url }'),
    'Image.id': of('Image', 'image', 'id'),
    'Generation.id': of('Generation', 'generation', 'id'),
    'Generation.project': of('Generation', 'generation', 'project { id }'),
    'Generation.character': of('Generation', 'generation', 'character { id }'),
    'Generation.images': of('Generation', 'generation', 'images { id }'),
    'Generation.imagesConnection': of(
      'Generation',
      'generation',
      'imagesConnection(first: 5) { nodes { id } }',
    ),
    'GeneratedImage.id': of('GeneratedImage', 'generatedImage', 'id'),
    'GeneratedImage.image': of('GeneratedImage', 'generatedImage', 'image { id url }'),
    'GeneratedImage.generation': of('GeneratedImage', 'generatedImage', 'generation { id }'),
    'SpendRow.project': spent('PROJECT', 'project { id }'),
    'SpendRow.projectId': spent('PROJECT', 'projectId'),
    'SpendRow.character': spent('CHARACTER', 'character { id }'),
    'SpendRow.characterId': spent('CHARACTER', 'characterId'),
    'SpendRow.user': spent('MEMBER', 'user { id }'),
    'SpendRow.userId': spent('MEMBER', 'userId'),
    'SpendRow.apiKey': spent('API_KEY', 'apiKey { id }'),
    'SpendRow.apiKeyId': spent('API_KEY', 'apiKeyId'),
    'SpendForecast.budget': of(
      'Project',
      'project',
      'spend(from: "2026-01-01", to: "2035-12-31") { forecast { budget { id } } }',
      spend,
    ),
    'ProjectEvent.generation': event('generation { id }'),
    'ProjectEvent.character': event('character { id }'),
    ...runReturnings(),
    'ProjectEvent.budget': event('budget { id }'),
    'ProjectEvent.budgetAlert': event('budgetAlert { id }'),
  };
}
