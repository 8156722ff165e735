import {
  Arg,
  Ctx,
  FieldResolver,
  ID,
  Resolver,
  Root,
  type SubscribeResolverData,
  Subscription,
} from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { SafeIntScalar } from '../../platform/graphql/scalars.ts';
import { fromGlobalId } from '../../platform/reads/global-id.ts';
import { findCharacter } from '../characters/character.queries.ts';
import { Character } from '../characters/character.type.ts';
import { Generation } from '../generations/generation.type.ts';
import type { GenerationRow } from '../generations/progress.ts';
import {
  followGeneration,
  followProject,
  generationOfEvent,
  type SentEvent,
} from './project-event.queries.ts';
import { ProjectEvent } from './project-event.type.ts';

@Resolver(() => Generation)
export class GenerationSubscription {
  @Subscription(() => Generation, {
    description:
      'A run as it stands, at once, then after each change, in order; completes when the run is at rest (COMPLETED, FAILED, CANCELED or UNCERTAIN), also when it was so before. Errors: NOT_FOUND, and SERVICE_UNAVAILABLE when the database has gone back to before what was told: subscribe anew.',
    subscribe: ({ args, context }: SubscribeResolverData<unknown, { id: string }, Context>) =>
      followGeneration(context, fromGlobalId('Generation', args.id)),
  })
  generationUpdated(
    @Root() generation: GenerationRow,
    @Arg('id', () => ID, { description: "The run's id." }) _id: string,
  ): GenerationRow {
    return generation;
  }
}

@Resolver(() => ProjectEvent)
export class ProjectEventSubscription {
  @Subscription(() => ProjectEvent, {
    description:
      'Everything that happens in a project, in one order without gaps: the stored events behind `after`, then live. Events are removed after a time that the server sets (by default 90 days). Where the first ones behind `after` are no longer stored it begins with HISTORY_TRUNCATED and a GENERATION_STATE for each run that has not ended. Errors: NOT_FOUND, BAD_USER_INPUT, and SERVICE_UNAVAILABLE when the database has gone back to before what was told: subscribe anew.',
    subscribe: ({
      args,
      context,
    }: SubscribeResolverData<unknown, { projectId: string; after?: number | null }, Context>) =>
      followProject(context, fromGlobalId('Project', args.projectId), args.after ?? null),
  })
  projectEvents(
    @Root() event: SentEvent,
    @Arg('projectId', () => ID, { description: "The project's id." }) _projectId: string,
    @Arg('after', () => SafeIntScalar, {
      nullable: true,
      description:
        'The last `sequence` already seen, at most that of the newest event; 0 replays all. Left out: only what happens from now on.',
    })
    _after: number | null,
  ): SentEvent {
    return event;
  }

  @FieldResolver(() => SafeIntScalar, {
    description: '1, 2, 3 … without gaps within a project.',
  })
  sequence(@Root() event: SentEvent): number {
    return Number(event.sequence);
  }

  @FieldResolver(() => SafeIntScalar, {
    nullable: true,
    description:
      'Of HISTORY_TRUNCATED: the number of the oldest event that is still stored, or of the next event where none is.',
  })
  keptFrom(@Root() { keptFrom }: SentEvent): number | null {
    return keptFrom === undefined ? null : Number(keptFrom);
  }

  @FieldResolver(() => Generation, {
    nullable: true,
    description: 'The run it is about, as it stood then; of GENERATION_STATE as it stands now.',
  })
  generation(@Ctx() ctx: Context, @Root() event: SentEvent) {
    return generationOfEvent(ctx, event);
  }

  @FieldResolver(() => Character, { nullable: true, description: 'The character it is about, as it is now.' })
  character(@Ctx() ctx: Context, @Root() event: SentEvent) {
    return event.characterId === null ? null : findCharacter(ctx, event.characterId);
  }
}
