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
      'A run: its present state at once, then its state after each change, in order. The subscription completes when the run is COMPLETED, FAILED, CANCELED or UNCERTAIN, also when it already is at the start. Errors: NOT_FOUND; SERVICE_UNAVAILABLE when the database has been restored to an older state than the one already sent: subscribe again.',
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
      'All events of a project, in one order without gaps: first the stored events after `after`, then new events as they happen. Events are removed after a time that the server sets (by default 90 days). If the next event after `after` is no longer stored, the subscription begins with HISTORY_TRUNCATED and a GENERATION_STATE for each run that has not ended. Errors: NOT_FOUND; BAD_USER_INPUT for a wrong `after`; SERVICE_UNAVAILABLE when the database has been restored to an older state than the one already sent: subscribe again.',
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
        'The `sequence` of the last event that the client has seen: 0 or more, at most that of the newest event. 0 replays all stored events. Left out: only new events. Error: BAD_USER_INPUT.',
    })
    _after: number | null,
  ): SentEvent {
    return event;
  }

  @FieldResolver(() => SafeIntScalar, {
    description: 'The number of the event: 1, 2, 3 … without gaps within a project.',
  })
  sequence(@Root() event: SentEvent): number {
    return Number(event.sequence);
  }

  @FieldResolver(() => SafeIntScalar, {
    nullable: true,
    description:
      'For HISTORY_TRUNCATED: the number of the oldest event that is still stored, or of the next event when none is stored. Null for other events.',
  })
  keptFrom(@Root() { keptFrom }: SentEvent): number | null {
    return keptFrom === undefined ? null : Number(keptFrom);
  }

  @FieldResolver(() => Generation, {
    nullable: true,
    description:
      'The run that the event is about, as it was at the event; for GENERATION_STATE as it is now. Null for events about no run.',
  })
  generation(@Ctx() ctx: Context, @Root() event: SentEvent) {
    return generationOfEvent(ctx, event);
  }

  @FieldResolver(() => Character, {
    nullable: true,
    description: 'The character that the event is about, as it is now. Null for events about no character.',
  })
  character(@Ctx() ctx: Context, @Root() event: SentEvent) {
    return event.characterId === null ? null : findCharacter(ctx, event.characterId);
  }
}
