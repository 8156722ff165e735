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
  description: 'Where a run stands.',
  valuesConfig: {
    AWAITING_APPROVAL: {
      description:
        'It may cost more than the project lets pass: an owner approves or rejects it. Canceling is free.',
    },
    QUEUED: { description: 'Waiting for its turn; canceling is free.' },
    SUBMITTING: { description: 'On its way to the provider.' },
    SUBMITTED: { description: 'Taken by the provider; it cannot be called back.' },
    PROCESSING: { description: 'Being drawn.' },
    STORING: { description: 'Drawn; the pictures are being copied into our storage.' },
    COMPLETED: { description: 'The pictures are here.' },
    FAILED: { description: 'It ended without pictures; `failure` says why.' },
    CANCELED: { description: 'Called off, or turned down, before it was submitted; it cost nothing.' },
    UNCERTAIN: {
      description:
        'The provider may have taken the run and the money, and we do not know. It is never submitted again by itself.',
    },
  },
});

const GenerationFailureCode = Object.fromEntries(Object.keys(failureCodes).map((code) => [code, code]));
registerEnumType(GenerationFailureCode, {
  name: 'GenerationFailureCode',
  description: 'Why a run ended without pictures.',
  valuesConfig: Object.fromEntries(
    Object.entries(failureCodes).map(([code, description]) => [code, { description }]),
  ),
});

@ObjectType({ description: 'Why a run ended without pictures.' })
export class GenerationFailure {
  @Field(() => GenerationFailureCode, { description: 'Machine-readable.' })
  code: string;
  @Field(() => String, { description: 'For a person; free of secrets.' })
  message: string;
  @Field(() => Boolean, { description: 'Asking again for the same may work.' })
  retryable: boolean;
}

@ObjectType({ implements: Node, description: 'One run of one model for one character.' })
export class Generation extends Node {
  @Field(() => GenerationStatus, { description: 'Where it stands.' })
  status: Status;
  @Field(() => String, {
    nullable: true,
    description: "The prompt as sent, the character's appearance included. Null: the provider's own default.",
  })
  prompt: string | null;
  @Field(() => Boolean, { description: 'It takes unusually long; it is waited for all the same.' })
  isSlow: boolean;
  @Field(() => Float, { nullable: true, description: "The provider's compute seconds, once known." })
  inferenceSeconds: number | null;
  @Field(() => String, { nullable: true, description: "The provider's id of the run, once taken." })
  providerRequestId: string | null;
  @Field(() => String, {
    description: "The version of the model's description that the run was checked against.",
  })
  modelVersion: string;
  @Field(() => String, { nullable: true, description: "The caller's name for the runs it belongs to." })
  batch: string | null;
  @Field(() => DateTimeScalar, { description: 'When it was asked for.' })
  requestedAt: Date;
  @Field(() => DateTimeScalar, { nullable: true, description: 'When somebody asked to cancel it.' })
  cancelRequestedAt: Date | null;
  @Field(() => DateTimeScalar, { nullable: true, description: 'When the provider took it.' })
  submittedAt: Date | null;
  @Field(() => DateTimeScalar, { nullable: true, description: 'When the provider was first seen drawing.' })
  startedAt: Date | null;
  @Field(() => DateTimeScalar, { nullable: true, description: 'When it ended, well or not.' })
  finishedAt: Date | null;
}

@InputType({ description: 'Which runs; all conditions hold.' })
export class GenerationFilter {
  @Field(() => [GenerationStatus], { nullable: true, description: 'That stand in any of these.' })
  statuses?: Status[] | null;
  @Field(() => String, { nullable: true, description: 'Of this batch.' })
  batch?: string | null;
  @Field(() => ID, { nullable: true, description: 'Of this character.' })
  characterId?: string | null;
}

export const GenerationConnection = connectionType('Generation', () => Generation);

/** Which page of which runs. */
@ArgsType()
export class GenerationPageArgs extends PageArgs {
  @Field(() => GenerationFilter, { nullable: true, description: 'Which of them.' })
  filter?: GenerationFilter | null;
}

/** The table's verdicts, as GraphQL's enum. */
const ImageVerdict = { FAVORITE: 'FAVORITE', DISCARDED: 'DISCARDED' } satisfies Record<Verdict, Verdict>;
registerEnumType(ImageVerdict, {
  name: 'ImageVerdict',
  description: 'What somebody thinks of a picture.',
  valuesConfig: {
    FAVORITE: { description: 'One of the best.' },
    DISCARDED: { description: 'Of no use; the analytics count it as not kept.' },
  },
});

@ObjectType({ implements: Node, description: 'One output of a run.' })
export class GeneratedImage extends Node {
  @Field(() => Int, { description: 'Its place in the run, from 0.' })
  index: number;
  @Field(() => ImageVerdict, { nullable: true, description: 'How it was rated; null while it is not.' })
  verdict: Verdict | null;
}

export const GeneratedImageConnection = connectionType(
  'GeneratedImage',
  () => GeneratedImage,
  'by their place in the run',
);

@InputType({ description: 'A rating of a picture.' })
export class RateImageInput {
  @Field(() => ID, { description: "The generated image's id." })
  id: string;
  @Field(() => ImageVerdict, {
    nullable: true,
    description: 'Null takes the rating back. User error: INVALID_INPUT when left out.',
  })
  verdict?: Verdict | null;
}

export const RateImagePayload = payloadType(
  'RateImage',
  'generatedImage',
  () => GeneratedImage,
  'The picture with its rating.',
);
