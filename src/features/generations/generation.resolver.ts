import { ID, Resolver } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { DecimalScalar, JsonObjectScalar, SafeIntScalar } from '../../platform/graphql/scalars.ts';
import type { Page } from '../../platform/reads/page.ts';
import { column, connection, globalId, made, row } from '../../platform/reads/reading.ts';
import { Reads, ReadsById } from '../../platform/reads/reads.ts';
import { byId } from '../../platform/reads/root-reading.ts';
import { type CharacterRow, characters } from '../characters/character.queries.ts';
import { Character } from '../characters/character.type.ts';
import { imageModelBySlug } from '../image-models/image-model.queries.ts';
import { ImageModel } from '../image-models/image-model.type.ts';
import { type ProjectRow, projects } from '../projects/project.queries.ts';
import { Project } from '../projects/project.type.ts';
import { failureOf } from './failure.ts';
import { generations } from './generation.queries.ts';
import {
  Generation,
  GenerationConnection,
  GenerationFailure,
  GenerationPageArgs,
} from './generation.type.ts';
import { generationsOfCharacter, generationsOfProject, generationView } from './generation.view.ts';
import { listOutputProblems, type OutputProblemRow } from './output-problem.queries.ts';
import { OutputProblem } from './output-problem.type.ts';
import type { GenerationRow } from './progress.ts';
import { parametersOf } from './stored-run.ts';
import { type Wait, waitColumns, waitOf } from './waiting.ts';
import { GenerationWait } from './waiting.type.ts';

@Resolver(() => Generation)
export class GenerationResolver {
  @Reads(globalId('Generation'), () => ID, { description: 'The global id. Opaque and stable.' })
  readonly id: string;

  @Reads(row(generationView, 'projectId', projects), () => Project, {
    description: 'The project that the run belongs to.',
  })
  readonly project: ProjectRow;

  @Reads(row(generationView, 'characterId', characters), () => Character, {
    description: 'The character of the run.',
  })
  readonly character: CharacterRow;

  @Reads(
    made(generationView, ['model', 'modelVersion'], (run) => imageModelBySlug(run.model, run.modelVersion)),
    () => ImageModel,
    { description: 'The model that the run uses.' },
  )
  readonly model: ReturnType<typeof imageModelBySlug>;

  @Reads(made(generationView, ['parameters', 'references'], parametersOf), () => JsonObjectScalar, {
    description: "The parameters of the run, by the provider's names; pictures as `{ imageId, sha256 }`.",
  })
  readonly parameters: Record<string, unknown>;

  @Reads(
    made(generationView, ['seed'], ({ seed }) => Number(seed)),
    () => SafeIntScalar,
    {
      nullable: true,
      description: 'The seed of the run. The server drew it when the request had none.',
    },
  )
  readonly seed: number;

  @Reads(
    made(generationView, ['failureCode', 'failureMessage', 'failureRetryable'], failureOf),
    () => GenerationFailure,
    {
      nullable: true,
      description: 'Why the run FAILED, was rejected by an owner, or is UNCERTAIN. Null for other runs.',
    },
  )
  readonly failure: GenerationFailure | null;

  @Reads(
    made(generationView, ['id', 'outputProblems'], (run, _: object, ctx: Context) =>
      listOutputProblems(ctx, run),
    ),
    () => [OutputProblem],
    {
      description:
        'Problems with single outputs of the run: outputs that did not become complete pictures. In a subscription the first hundred of them.',
    },
  )
  readonly outputProblems: OutputProblemRow[];

  @Reads(made(generationView, waitColumns, waitOf), () => GenerationWait, {
    nullable: true,
    description:
      'Why the run does not continue. Null when the run only waits for its turn or for the result. In an event the reason can only be APPROVAL.',
  })
  readonly waitingFor: Wait | null;

  @Reads(column(generationView, 'costMicros'), () => DecimalScalar, {
    nullable: true,
    description:
      "US dollars that the run cost: the provider's own figure, or the list price when the provider reports none. Null while unknown.",
  })
  readonly cost: bigint | null;

  @ReadsById(byId(generations), () => Generation, {
    description: 'The run with this id. Error: NOT_FOUND.',
    id: "The run's id.",
  })
  readonly generation: GenerationRow;
}

@Resolver(() => Project)
export class ProjectGenerationsResolver {
  @Reads(connection(projects, generationsOfProject), () => GenerationConnection, {
    args: () => GenerationPageArgs,
    description: "The project's runs, newest first.",
  })
  readonly generations: Page<GenerationRow>;
}

@Resolver(() => Character)
export class CharacterGenerationsResolver {
  @Reads(connection(characters, generationsOfCharacter), () => GenerationConnection, {
    args: () => GenerationPageArgs,
    description: "The character's runs, newest first.",
  })
  readonly generations: Page<GenerationRow>;
}
