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
import { fromGlobalId } from '../../platform/graphql/global-id.ts';
import { SafeIntScalar } from '../../platform/graphql/scalars.ts';
import { findCharacter } from '../characters/character.queries.ts';
import { Character } from '../characters/character.type.ts';
import { Generation } from './generation.type.ts';
import type { GenerationRow } from './progress.ts';
import {
  followGeneration,
  followProject,
  generationOfEvent,
  type ProjectEventRow,
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
      'Everything that happens in a project, in one order without gaps: the stored events behind `after`, then live. Errors: NOT_FOUND, BAD_USER_INPUT, and SERVICE_UNAVAILABLE when the database has gone back to before what was told: subscribe anew.',
    subscribe: ({
      args,
      context,
    }: SubscribeResolverData<unknown, { projectId: string; after?: number | null }, Context>) =>
      followProject(context, fromGlobalId('Project', args.projectId), args.after ?? null),
  })
  projectEvents(
    @Root() event: ProjectEventRow,
    @Arg('projectId', () => ID, { description: "The project's id." }) _projectId: string,
    @Arg('after', () => SafeIntScalar, {
      nullable: true,
      description:
        'The last `sequence` already seen, at most that of the newest event; 0 replays all. Left out: only what happens from now on.',
    })
    _after: number | null,
  ): ProjectEventRow {
    return event;
  }

  @FieldResolver(() => SafeIntScalar, { description: '1, 2, 3 … without gaps within a project.' })
  sequence(@Root() event: ProjectEventRow): number {
    return Number(event.sequence);
  }

  @FieldResolver(() => Generation, { nullable: true, description: 'The run it is about, as it stood then.' })
  generation(@Ctx() ctx: Context, @Root() event: ProjectEventRow) {
    return generationOfEvent(ctx, event);
  }

  @FieldResolver(() => Character, { nullable: true, description: 'The character it is about, as it is now.' })
  character(@Ctx() ctx: Context, @Root() event: ProjectEventRow) {
    return event.characterId === null ? null : findCharacter(ctx, event.characterId);
  }
}
