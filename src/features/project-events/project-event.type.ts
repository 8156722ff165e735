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
  description: 'What happened.',
  valuesConfig: {
    PROJECT_ARCHIVED: { description: 'The project was made read-only.' },
    PROJECT_RESTORED: { description: 'The project was opened again.' },
    PROJECT_DELETING: { description: 'The project was given up; it goes once its last run has settled.' },
    PROJECT_UPDATED: { description: "The project's time zone changed." },
    PROJECT_LIMITS_UPDATED: {
      description: 'How many runs may be under way in the project, or what needs approval, changed.',
    },
    CHARACTER_CREATED: { description: 'A character was made.' },
    CHARACTER_UPDATED: { description: "A character's fields changed." },
    CHARACTER_ARCHIVED: { description: 'A character was archived.' },
    REFERENCE_IMAGE_ADDED: { description: 'A character got a reference image.' },
    REFERENCE_IMAGE_REMOVED: { description: 'A reference image was taken off a character.' },
    GENERATION_REQUESTED: { description: 'A run was asked for.' },
    GENERATION_CHANGED: { description: 'A run moved to another status.' },
    GENERATION_SLOW: { description: 'A run takes unusually long; it is waited for all the same.' },
    GENERATION_CANCEL_REQUESTED: {
      description: 'Somebody asked to cancel a run that the provider already has.',
    },
    GENERATION_APPROVED: {
      description: 'An owner let a run pass that may cost more than the project lets pass by itself.',
    },
    GENERATION_REJECTED: { description: 'An owner turned a run down that waited for approval.' },
    GENERATION_COST_CORRECTED: { description: 'What an ended run had cost was found out, or put right.' },
    IMAGE_RATED: { description: 'A generated picture was rated.' },
    BUDGET_CREATED: { description: 'A budget was made.' },
    BUDGET_UPDATED: { description: "A budget's cap or thresholds changed." },
    BUDGET_REMOVED: { description: 'A budget was removed.' },
    BUDGET_THRESHOLD_REACHED: { description: 'What is settled and held reached a threshold of a budget.' },
    PROVIDER_WAIT_BEGAN: {
      description:
        'Runs of the project wait for the provider: `wait` says why. There is one event for all of them, and none for an interruption of a few seconds.',
    },
    PROVIDER_WAIT_ENDED: {
      description:
        'The wait of an earlier PROVIDER_WAIT_BEGAN is over; `wait` names the same reason. The event comes some seconds after runs go on, when the provider has worked for that long.',
    },
    HISTORY_TRUNCATED: {
      description:
        'The first events behind `after` are no longer stored. A GENERATION_STATE follows for each run that has not ended, and then the stored events from `keptFrom` on. A run that the client knows as under way and that has no GENERATION_STATE has ended. Query it, and everything else that may have changed.',
    },
    GENERATION_STATE: {
      description:
        'A run that has not ended, as it stands now; follows on HISTORY_TRUNCATED. Events that come later may tell of earlier steps of it.',
    },
  },
});

@ObjectType({ description: 'Something that happened in a project.' })
export class ProjectEvent {
  @Field(() => SafeIntScalar, {
    description:
      '1, 2, 3 … without gaps within a project; give the last one seen as `after` to go on. HISTORY_TRUNCATED and its GENERATION_STATE events have the `after` that was given; only the last of them has the number before `keptFrom`.',
  })
  sequence: number;
  @Field(() => ProjectEventKind, { description: 'What happened.' })
  kind: SentEventName;
  @Field(() => DateTimeScalar, { description: 'When.' })
  at: Date;
}
