import { fromGlobalId, toGlobalId } from '../../src/platform/reads/global-id.ts';
import type { Dramatis } from './dramatis.ts';
import { insertRun, type Run } from './ended-runs.ts';
import type { Inputs } from './operations/schema.ts';
import { apiKey, mutate, type Person, team } from './people.ts';
import type { RunPlace } from './runs.ts';

/** A thing by its id of the API, and by the id of its row. */
export interface Seeded {
  readonly id: string;
  readonly row: string;
}

/** What every seed has made. */
interface Made<Characters, Runs> {
  readonly projectId: string;
  /** Who makes what the project has. */
  readonly owner: Person;
  readonly characters: Characters;
  readonly runs: Runs;
}

type Several = readonly Seeded[];

/**
 * What a test begins with, in one line. Nothing is made before `make()`:
 *
 *     const { projectId, editor, characters: [mara] } = await seed(dramatis).team().character({ name: 'Mara' }).run().make();
 */
export function seed(dramatis: Dramatis) {
  return {
    /** A new project. It belongs to the administrator unless an owner is given. */
    project: (name = 'Tests', owner: Person = { key: dramatis.environment.ADMIN_API_KEY ?? '' }) =>
      new Seed<[], [], unknown>(dramatis, async () => {
        const { project } = await mutate(dramatis, owner, 'createProject', { name }, 'project { id }');
        return { projectId: project.id, owner, characters: [], runs: [] };
      }),
    /** A project that exists already. */
    in: ({ projectId, owner }: Pick<Made<[], []>, 'projectId' | 'owner'>) =>
      new Seed<[], [], unknown>(dramatis, async () => ({ projectId, owner, characters: [], runs: [] })),
    /** A project with an owner, an editor and a viewer. */
    team: () =>
      new Seed<[], [], Awaited<ReturnType<typeof team>>>(dramatis, async () => ({
        ...(await team(dramatis)),
        characters: [],
        runs: [],
      })),
  };
}

/** The steps up to now. Each method adds one, and its result is known to the compiler. */
export class Seed<Characters extends Several, Runs extends Several, More> {
  readonly #dramatis: Dramatis;
  /** Makes all of it. */
  readonly make: () => Promise<Made<Characters, Runs> & More>;

  constructor(dramatis: Dramatis, make: () => Promise<Made<Characters, Runs> & More>) {
    this.#dramatis = dramatis;
    this.make = make;
  }

  /** A character, made by the owner. It is the last one from now on. */
  character(input: Partial<Inputs['CreateCharacterInput']> = {}) {
    return new Seed<[...Characters, Seeded], Runs, More & { characterId: string }>(
      this.#dramatis,
      async () => {
        const now = await this.make();
        const all = { projectId: now.projectId, name: 'Mara', ...input };
        const { character } = await mutate(
          this.#dramatis,
          now.owner,
          'createCharacter',
          all,
          'character { id }',
        );
        const made = { id: character.id, row: fromGlobalId('Character', character.id) };
        return { ...now, characterId: made.id, characters: [...now.characters, made] };
      },
    );
  }

  /** A FACE of the last character: most models need one. */
  face() {
    return this.#with(async ({ characters }) => ({
      face: await this.#dramatis.addReference(lastOf(characters).id, 'FACE', '#c46'),
    }));
  }

  /** A POSE of the last character. */
  pose() {
    return this.#with(async ({ characters }) => ({
      pose: await this.#dramatis.addReference(lastOf(characters).id, 'POSE', '#46c'),
    }));
  }

  /** A run that the administrator asks for; servers take it further. */
  generation(prompt?: string) {
    return this.#with(async ({ characters }) => ({
      generationId: await this.#dramatis.generate(lastOf(characters).id, prompt),
    }));
  }

  /** A key of the project, made by the owner. */
  key(input: Partial<Inputs['CreateApiKeyInput']> = {}) {
    return this.#with(async ({ projectId, owner }) => ({
      key: await apiKey(this.#dramatis, owner, projectId, input),
    }));
  }

  /** A run of the last character as a row: it has ended, unless its status says something else. No server takes it further. */
  run(run: Partial<Run> = {}) {
    return new Seed<Characters, [...Runs, Seeded], More>(this.#dramatis, async () => {
      const now = await this.make();
      const row = await insertRun(this.#dramatis.database, { ...placeOf(now), ...run });
      return { ...now, runs: [...now.runs, { id: toGlobalId('Generation', row), row }] };
    });
  }

  #with<Another>(grow: (now: Made<Characters, Runs>) => Promise<Another>) {
    return new Seed<Characters, Runs, More & Another>(this.#dramatis, async () => {
      const now = await this.make();
      return { ...now, ...(await grow(now)) };
    });
  }
}

/** The row ids of a project and its last character, for what is written as rows. */
export function placeOf({
  projectId,
  characters,
}: Pick<Made<Several, Several>, 'projectId' | 'characters'>): RunPlace {
  return { projectId: fromGlobalId('Project', projectId), characterId: lastOf(characters).row };
}

function lastOf(characters: Several): Seeded {
  const last = characters.at(-1);
  if (!last) throw new Error('A seed needs a character before what belongs to one.');
  return last;
}
