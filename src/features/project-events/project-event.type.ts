import { Field, ObjectType, registerEnumType } from 'type-graphql';
import { DateTimeScalar, SafeIntScalar } from '../../platform/graphql/scalars.ts';
import type { ProjectEventName } from '../access/record-event.ts';

/** The stored kinds, and the two kinds with which a replay begins after a removal, which are sent and never stored. */
type SentEventName = ProjectEventName | 'HISTORY_TRUNCATED' | 'GENERATION_STATE';

const ProjectEventKind = {
  PROJECT_ARCHIVED: 'PROJECT_ARCHIVED',
  PROJECT_RESTORED: 'PROJECT_RESTORED',
  PROJECT_DELETING: 'PROJECT_DELETING',
  PROJECT_UPDATED: 'PROJECT_UPDATED',
  PROJECT_LIMITS_UPDATED: 'PROJECT_LIMITS_UPDATED',
  CHARACTER_CREATED: 'CHARACTER_CREATED',
  CHARACTER_UPDATED: 'CHARACTER_UPDATED',
  CHARACTER_ARCHIVED: 'CHARACTER_ARCHIVED',
  REFERENCE_IMAGE_ADDED: 'REFERENCE_IMAGE_ADDED',
  REFERENCE_IMAGE_REMOVED: 'REFERENCE_IMAGE_REMOVED',
  GENERATION_REQUESTED: 'GENERATION_REQUESTED',
  GENERATION_CHANGED: 'GENERATION_CHANGED',
  GENERATION_SLOW: 'GENERATION_SLOW',
  GENERATION_CANCEL_REQUESTED: 'GENERATION_CANCEL_REQUESTED',
  GENERATION_APPROVED: 'GENERATION_APPROVED',
  GENERATION_REJECTED: 'GENERATION_REJECTED',
  GENERATION_COST_CORRECTED: 'GENERATION_COST_CORRECTED',
  IMAGE_RATED: 'IMAGE_RATED',
  BUDGET_CREATED: 'BUDGET_CREATED',
  BUDGET_UPDATED: 'BUDGET_UPDATED',
  BUDGET_REMOVED: 'BUDGET_REMOVED',
  BUDGET_THRESHOLD_REACHED: 'BUDGET_THRESHOLD_REACHED',
  PROVIDER_WAIT_BEGAN: 'PROVIDER_WAIT_BEGAN',
  PROVIDER_WAIT_ENDED: 'PROVIDER_WAIT_ENDED',
  HISTORY_TRUNCATED: 'HISTORY_TRUNCATED',
  GENERATION_STATE: 'GENERATION_STATE',
} satisfies Record<SentEventName, SentEventName>;
registerEnumType(ProjectEventKind, {
  name: 'ProjectEventKind',
  description: 'The kind of an event.',
  valuesConfig: {
    PROJECT_ARCHIVED: { description: 'The project was archived: it is read-only.' },
    PROJECT_RESTORED: { description: 'The archived project was restored.' },
    PROJECT_DELETING: {
      description:
        'The deletion of the project was requested. The project is deleted once its last run is settled.',
    },
    PROJECT_UPDATED: { description: "The project's time zone was changed." },
    PROJECT_LIMITS_UPDATED: {
      description: "The project's limit of concurrent runs, or its amounts for approval, were changed.",
    },
    CHARACTER_CREATED: { description: 'A character was created.' },
    CHARACTER_UPDATED: { description: 'Fields of a character were changed.' },
    CHARACTER_ARCHIVED: { description: 'A character was archived.' },
    REFERENCE_IMAGE_ADDED: { description: 'A reference image was added to a character.' },
    REFERENCE_IMAGE_REMOVED: { description: 'A reference image was removed from a character.' },
    GENERATION_REQUESTED: { description: 'A run was requested.' },
    GENERATION_CHANGED: { description: 'The status of a run changed.' },
    GENERATION_SLOW: {
      description: 'A run takes longer than `SEGMIND_SLOW_AFTER_MS`. The server still waits for its result.',
    },
    GENERATION_CANCEL_REQUESTED: {
      description: 'The cancellation of a run was requested, and the provider already has the run.',
    },
    GENERATION_APPROVED: {
      description: 'An owner approved a run that waited for approval.',
    },
    GENERATION_REJECTED: { description: 'An owner rejected a run that waited for approval.' },
    GENERATION_COST_CORRECTED: { description: 'The cost of an ended run became known, or was corrected.' },
    IMAGE_RATED: { description: 'A generated picture was rated.' },
    BUDGET_CREATED: { description: 'A budget was created.' },
    BUDGET_UPDATED: { description: "A budget's cap or thresholds were changed." },
    BUDGET_REMOVED: { description: 'A budget was removed.' },
    BUDGET_THRESHOLD_REACHED: { description: '`settled + held` of a budget reached one of its thresholds.' },
    PROVIDER_WAIT_BEGAN: {
      description:
        'Runs of the project wait for the provider: `wait` says why. There is one event for all of these runs, and none for an interruption of a few seconds.',
    },
    PROVIDER_WAIT_ENDED: {
      description:
        'The wait of an earlier PROVIDER_WAIT_BEGAN is over; `wait` has the same reason. The event comes some seconds after runs continue, when the provider has worked for that long.',
    },
    HISTORY_TRUNCATED: {
      description:
        'The first events after `after` are no longer stored. A GENERATION_STATE follows for each run that has not ended, and then the stored events from `keptFrom` on. If the client knows a run that has not ended and gets no GENERATION_STATE for it, that run has ended. Query it, and all other data that may have changed.',
    },
    GENERATION_STATE: {
      description:
        'A run that has not ended, as it is now; follows HISTORY_TRUNCATED. Later events may report earlier states of the run.',
    },
  },
});

@ObjectType({ description: 'An event in a project.' })
export class ProjectEvent {
  @Field(() => SafeIntScalar, {
    description:
      'The number of the event: 1, 2, 3 … without gaps within a project. Give the last number seen as `after` to continue. HISTORY_TRUNCATED and its GENERATION_STATE events have the `after` that was given; only the last of them has the number before `keptFrom`.',
  })
  sequence: number;
  @Field(() => ProjectEventKind, { description: 'The kind of the event.' })
  kind: SentEventName;
  @Field(() => DateTimeScalar, { description: 'When it happened.' })
  at: Date;
}
