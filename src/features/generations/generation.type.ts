import { ArgsType, Field, Float, ID, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import type { ImageVerdict as Verdict } from '../../platform/db/generated/client.ts';
import { payloadType } from '../../platform/graphql/payload.ts';
import { DateTimeScalar } from '../../platform/graphql/scalars.ts';
import { connectionType, Node, PageArgs } from '../../platform/reads/connection.ts';
import { failureCodes } from './failure.ts';
import type { GenerationStatus as Status } from './generation-state.ts';

/** The state machine's statuses, as GraphQL's enum. */
export const GenerationStatus = {
  AWAITING_APPROVAL: 'AWAITING_APPROVAL',
  QUEUED: 'QUEUED',
  SUBMITTING: 'SUBMITTING',
  SUBMITTED: 'SUBMITTED',
  PROCESSING: 'PROCESSING',
  STORING: 'STORING',
  COMPLETED: 'COMPLETED',
  FAILED: 'FAILED',
  CANCELED: 'CANCELED',
  UNCERTAIN: 'UNCERTAIN',
} satisfies Record<Status, Status>;
registerEnumType(GenerationStatus, {
  name: 'GenerationStatus',
  description: 'The state of a run.',
  valuesConfig: {
    AWAITING_APPROVAL: {
      description:
        'The run may cost more than the project allows without approval, so an owner must approve or reject it. It can be canceled without cost.',
    },
    QUEUED: { description: 'The run waits for its turn. It can be canceled without cost.' },
    SUBMITTING: { description: 'The run is being submitted to the provider.' },
    SUBMITTED: { description: 'The provider has taken the run. It can no longer be stopped.' },
    PROCESSING: { description: 'The provider is drawing the pictures.' },
    STORING: {
      description: "The provider has finished. The pictures are being copied into the server's storage.",
    },
    COMPLETED: { description: "The run has ended, and its pictures are in the server's storage." },
    FAILED: { description: 'The run has ended without pictures; `failure` says why.' },
    CANCELED: { description: 'The run was canceled or rejected before it was submitted; it cost nothing.' },
    UNCERTAIN: {
      description:
        'The provider may have taken and charged the run; the server does not know. It never submits it again by itself.',
    },
  },
});

const GenerationFailureCode = Object.fromEntries(Object.keys(failureCodes).map((code) => [code, code]));
registerEnumType(GenerationFailureCode, {
  name: 'GenerationFailureCode',
  description: 'Why a run ended without pictures, or is UNCERTAIN.',
  valuesConfig: Object.fromEntries(
    Object.entries(failureCodes).map(([code, description]) => [code, { description }]),
  ),
});

@ObjectType({ description: 'Why a run ended without pictures, or is UNCERTAIN.' })
export class GenerationFailure {
  @Field(() => GenerationFailureCode, { description: 'The machine-readable reason.' })
  code: string;
  @Field(() => String, { description: 'A sentence for a person. Contains no secrets.' })
  message: string;
  @Field(() => Boolean, { description: 'Whether the same request may succeed if it is sent again.' })
  retryable: boolean;
}

@ObjectType({ implements: Node, description: 'One run of one model for one character.' })
export class Generation extends Node {
  @Field(() => GenerationStatus, { description: 'The state of the run.' })
  status: Status;
  @Field(() => String, {
    nullable: true,
    description:
      "The prompt as sent: the character's appearance, if `includeAppearance` is set, and the prompt of the request. Null when there is neither, or the model takes no prompt; the provider then uses its own default, if it has one.",
  })
  prompt: string | null;
  @Field(() => Boolean, {
    description:
      'Whether the run takes longer than `SEGMIND_SLOW_AFTER_MS` (by default ten minutes). The server still waits for the result.',
  })
  isSlow: boolean;
  @Field(() => Float, {
    nullable: true,
    description: 'The compute time in seconds, as the provider reports it. Null while unknown.',
  })
  inferenceSeconds: number | null;
  @Field(() => String, {
    nullable: true,
    description: "The provider's id of the run. Null until the provider has taken the run.",
  })
  providerRequestId: string | null;
  @Field(() => String, {
    description: "The version of the model's definition that the request was checked against.",
  })
  modelVersion: string;
  @Field(() => String, {
    nullable: true,
    description: 'The name that the caller gave to a group of runs. Null when there is none.',
  })
  batch: string | null;
  @Field(() => DateTimeScalar, { description: 'When the run was requested.' })
  requestedAt: Date;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When the cancellation was requested. Null when it was not.',
  })
  cancelRequestedAt: Date | null;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When the provider took the run. Null before.',
  })
  submittedAt: Date | null;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When the provider was first seen working on the run. Null before.',
  })
  startedAt: Date | null;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When the run ended, with or without pictures. Null before.',
  })
  finishedAt: Date | null;
}

@InputType({ description: 'Restricts the runs. A run must meet all conditions.' })
export class GenerationFilter {
  @Field(() => [GenerationStatus], { nullable: true, description: 'Runs in one of these states.' })
  statuses?: Status[] | null;
  @Field(() => String, { nullable: true, description: 'Runs of this batch.' })
  batch?: string | null;
  @Field(() => ID, { nullable: true, description: 'Runs of the character with this id.' })
  characterId?: string | null;
}

export const GenerationConnection = connectionType('Generation', () => Generation);

/** Which page of which runs. */
@ArgsType()
export class GenerationPageArgs extends PageArgs {
  @Field(() => GenerationFilter, { nullable: true, description: 'Restricts the runs. Left out: all runs.' })
  filter?: GenerationFilter | null;
}

/** The table's verdicts, as GraphQL's enum. */
const ImageVerdict = { FAVORITE: 'FAVORITE', DISCARDED: 'DISCARDED' } satisfies Record<Verdict, Verdict>;
registerEnumType(ImageVerdict, {
  name: 'ImageVerdict',
  description: "A person's rating of a picture.",
  valuesConfig: {
    FAVORITE: { description: 'One of the best pictures.' },
    DISCARDED: { description: 'Not usable; the spend reports do not count it as kept.' },
  },
});

@ObjectType({ implements: Node, description: 'One picture of a run.' })
export class GeneratedImage extends Node {
  @Field(() => Int, { description: 'The position of the output in the run, from 0.' })
  index: number;
  @Field(() => ImageVerdict, {
    nullable: true,
    description: 'The rating of the picture; null when it has none.',
  })
  verdict: Verdict | null;
}

export const GeneratedImageConnection = connectionType(
  'GeneratedImage',
  () => GeneratedImage,
  'in the order of their positions in the run',
);

@InputType({ description: 'A rating of a picture.' })
export class RateImageInput {
  @Field(() => ID, { description: 'The id of the generated image.' })
  id: string;
  @Field(() => ImageVerdict, {
    nullable: true,
    description: 'The rating. Null removes it. User error: INVALID_INPUT when left out.',
  })
  verdict?: Verdict | null;
}

export const RateImagePayload = payloadType(
  'RateImage',
  'generatedImage',
  () => GeneratedImage,
  'The rated picture.',
);
