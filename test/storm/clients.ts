import sharp from 'sharp';
import { z } from 'zod';
import { delay } from '../support/delay.ts';
import { adminKey, insist } from './ask.ts';
import { type Chance, pick } from './chance.ts';
import type { Database } from './database.ts';
import type { Servers } from './servers.ts';

/** A project of the storm: its characters, and what it lets pass. */
export interface Project {
  readonly id: string;
  readonly uuid: string;
  readonly characters: readonly string[];
  readonly maxConcurrent: number;
}

/** What became of one request. */
export interface Asked {
  readonly key: string;
  readonly project: Project;
  readonly tries: number;
  /** The run it was given, if it was accepted. */
  readonly runId: string | null;
  /** The codes it was refused with. */
  readonly refusals: readonly string[];
  /** When it was answered. */
  readonly answeredAt: number;
}

export interface World {
  readonly servers: Servers;
  readonly database: Database;
  readonly chance: Chance;
  readonly signal: AbortSignal;
}

/** An object that the API returns, of which only the id is read. */
const row = z.object({ id: z.string() });
const createdProject = z.object({ createProject: z.object({ project: row }) });
const createdCharacter = z.object({ createCharacter: z.object({ character: row }) });
const addedReference = z.object({ addReferenceImage: z.object({ referenceImage: row }) });
const userErrors = z.array(z.object({ code: z.string() }));
const generated = z.object({ generate: z.object({ generation: row.nullable(), userErrors }) });
const canceled = z.object({ cancelGeneration: z.object({ userErrors }) });

const concurrentClients = 12;
/** One run in so many is asked for together with an upload. */
const uploadEvery = 3;
/** Slots of each project; fewer than what comes for the first ones. */
const limits = [1, 2, 8, 20, 20];
/** Micro-dollars for 500 runs; too little for all that comes. */
const budgets = [
  { project: 1, scope: 'PROJECT', period: 'DAY', model: null, cap: 6_000_000 },
  { project: 2, scope: 'PROJECT', period: 'TOTAL', model: null, cap: 20_000_000 },
  { project: 2, scope: 'MODEL', period: 'MONTH', model: 'consistent-character', cap: 800_000 },
  { project: 3, scope: 'PROJECT', period: 'MONTH', model: null, cap: 1_000_000_000 },
];
const models = [
  'consistentCharacter',
  'consistentCharacterWithPose',
  'consistentCharacterAiNeolemon',
  'consistentCharacterAiNeolemonV3',
];

/** Five projects with two characters each, some with a budget, before the weather begins. */
export async function settleIn(world: World, runs: number): Promise<Project[]> {
  const projects: Project[] = [];
  for (const [index, maxConcurrent] of limits.entries()) {
    const made = await insist(
      world,
      'mutation ($input: CreateProjectInput!) { createProject(input: $input) { project { id } } }',
      { input: { name: `Storm ${index}` } },
      createdProject,
    );
    const { id } = made.data.createProject.project;
    const characters = [await cast(world, id), await cast(world, id)];
    const [stored] = await world.database.query(
      'UPDATE projects SET max_concurrent_generations = $1 WHERE name = $2 RETURNING id::text AS uuid',
      [maxConcurrent, `Storm ${index}`],
    );
    projects.push({ id, uuid: String(stored?.uuid), characters, maxConcurrent });
  }
  for (const { project, scope, period, model, cap } of budgets) {
    await world.database.query(
      'INSERT INTO budgets (id, project_id, scope, period, model, cap_micros) VALUES (gen_random_uuid(), $1, $2, $3, $4, $5)',
      [projects[project]?.uuid, scope, period, model, Math.round((cap * runs) / 500)],
    );
  }
  return projects;
}

async function cast(world: World, projectId: string): Promise<string> {
  const { data } = await insist(
    world,
    'mutation ($input: CreateCharacterInput!) { createCharacter(input: $input) { character { id } } }',
    { input: { projectId, name: 'Mara' } },
    createdCharacter,
  );
  const characterId = data.createCharacter.character.id;
  for (const [kind, background] of [
    ['FACE', '#c46'],
    ['POSE', '#46c'],
  ]) {
    const drawn = sharp({ create: { width: 64, height: 64, channels: 3, background: background ?? '#000' } });
    const base64 = (await drawn.png().toBuffer()).toString('base64');
    await insist(
      world,
      'mutation ($input: AddReferenceImageInput!) { addReferenceImage(input: $input) { referenceImage { id } } }',
      { input: { characterId, kind, source: { base64 } } },
      addedReference,
    );
  }
  return characterId;
}

/** A few clients ask in turn, spread over the time of the weather. */
export async function askForAll(
  world: World,
  projects: readonly Project[],
  { runs, weather }: { runs: number; weather: number },
) {
  const startedAt = performance.now();
  const asked: Asked[] = [];
  let next = 0;
  const client = async () => {
    for (let number = next++; number < runs; number = next++) {
      const dueMs = (number / runs) * weather * 1_000 - (performance.now() - startedAt);
      if (dueMs > 0) await delay(dueMs, world.signal);
      if (number % uploadEvery === 0) await upload(world, projects[number % projects.length], number);
      asked.push(await askForRun(world, projects, number));
    }
  };
  await Promise.all(Array.from({ length: concurrentClients }, client));
  return asked;
}

/** Sends a picture that nothing will use, to one server or to none: whatever comes of it must be swept. */
async function upload(
  { servers, chance }: World,
  project: Project | undefined,
  number: number,
): Promise<void> {
  const url = pick(chance, servers.urls);
  if (url === undefined || !project) return;
  const background = { r: number % 256, g: number >> 8, b: 77 };
  const drawn = sharp({ create: { width: 32, height: 32, channels: 3, background } });
  await fetch(`${url}/images?projectId=${encodeURIComponent(project.id)}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'image/png' },
    body: new Uint8Array(await drawn.png().toBuffer()),
    signal: AbortSignal.timeout(10_000),
  }).catch(() => undefined);
}

/** Asks for one run, over and over with the same key until it is answered; some are called off a little later. */
async function askForRun(world: World, projects: readonly Project[], number: number): Promise<Asked> {
  const { chance } = world;
  const at = number % projects.length;
  const project = projects[at];
  const characterId = project && pick(chance, project.characters);
  if (!project || !characterId) throw new Error('There is no project.');
  const key = `p${at}r${number}`;
  const input = {
    characterId,
    idempotencyKey: key,
    model: { [pick(chance, models) ?? '']: { prompt: `in the storm, ${key}` } },
  };
  const isRegretted = chance() < 0.1;
  const { data, tries } = await insist(
    world,
    'mutation ($input: GenerateInput!) { generate(input: $input) { generation { id } userErrors { code } } }',
    { input },
    generated,
  );
  const { generation, userErrors } = data.generate;
  const refusals = userErrors.map(({ code }) => code);
  const runId = generation?.id ?? null;
  const answeredAt = Date.now();
  if (runId !== null && isRegretted) await callOff(world, runId);
  return { key, project, tries, runId, refusals, answeredAt };
}

async function callOff(world: World, id: string): Promise<void> {
  await delay(world.chance() ** 3 * 2_000);
  await insist(
    world,
    'mutation ($input: CancelGenerationInput!) { cancelGeneration(input: $input) { userErrors { code } } }',
    { input: { id } },
    canceled,
  ).catch((error: unknown) => {
    // A failover may have lost it; the verdict tells whether one has.
    if (!String(error).includes('NOT_FOUND')) throw error;
  });
}

/** The key of the request that a prompt at the provider belongs to. */
export function keyOf(prompt: string): string | null {
  return /\bp\d+r\d+\b/.exec(prompt)?.[0] ?? null;
}
