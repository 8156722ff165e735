import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { payloadType } from '../../platform/graphql/payload.ts';
import { DateTimeScalar, DecimalScalar } from '../../platform/graphql/scalars.ts';
import { connectionType, Node } from '../../platform/reads/connection.ts';

@ObjectType({ implements: Node, description: 'The tenant: owns characters, images and generations.' })
export class Project extends Node {
  @Field(() => String, { description: 'From 1 to 200 characters.' })
  name: string;
  @Field(() => String, {
    description:
      'The IANA name of the zone whose days its spend, budgets, exports and forecasts are by, such as `Europe/Berlin`; `UTC` unless an owner sets it. Moments are told in UTC all the same.',
  })
  timeZone: string;
  @Field(() => DateTimeScalar, { description: 'When it was made.' })
  createdAt: Date;
  @Field(() => DateTimeScalar, { nullable: true, description: 'When it was archived: it can only be read.' })
  archivedAt: Date | null;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When it was given up: it goes, with all that is in it, once its last run has settled.',
  })
  deletingAt: Date | null;
  @Field(() => Int, {
    description: 'How many of its runs may be under way at a time; others wait in the queue.',
  })
  maxConcurrentGenerations: number;
  @Field(() => Int, {
    description:
      'How many of its runs are under way: from when they get their turn until the provider is done with them.',
  })
  activeGenerations: number;
}

export const ProjectConnection = connectionType('Project', () => Project);

@InputType({ description: 'A new project.' })
export class CreateProjectInput {
  @Field(() => String, { description: 'From 1 to 200 characters.' })
  name: string;
}

@InputType({ description: 'The project to archive.' })
export class ArchiveProjectInput {
  @Field(() => ID, { description: "The project's id." })
  id: string;
}

@InputType({ description: 'The project to open again.' })
export class RestoreProjectInput {
  @Field(() => ID, { description: "The project's id." })
  id: string;
}

@InputType({ description: 'What to change in a project; what is left out stays.' })
export class UpdateProjectInput {
  @Field(() => ID, { description: "The project's id." })
  id: string;
  @Field(() => String, {
    nullable: true,
    description:
      'By whose days it is reported and budgeted from now on: an IANA name such as `Europe/Berlin`, or `UTC`. What is booked keeps its day; an open period of a budget ends at its old end.',
  })
  timeZone?: string | null;
}

@InputType({ description: 'Limits of a project; what is left out stays.' })
export class UpdateProjectLimitsInput {
  @Field(() => ID, { description: "The project's id." })
  id: string;
  @Field(() => Int, {
    nullable: true,
    description: 'How many of its runs may be under way at a time: 0 to 10,000. Those under way go on.',
  })
  maxConcurrentGenerations?: number | null;
  @Field(() => DecimalScalar, {
    nullable: true,
    description: 'A run that may cost more waits for an owner: 0 or more. Null: none does.',
  })
  approvalPerRun?: bigint | null;
  @Field(() => DecimalScalar, {
    nullable: true,
    description:
      'A run waits for an owner when all runs of its batch together may cost more: 0 or more. Null: none does.',
  })
  approvalPerBatch?: bigint | null;
}

export const CreateProjectPayload = payloadType(
  'CreateProject',
  'project',
  () => Project,
  'The new project.',
);
export const ArchiveProjectPayload = payloadType(
  'ArchiveProject',
  'project',
  () => Project,
  'The project, which can only be read now.',
);
export const RestoreProjectPayload = payloadType(
  'RestoreProject',
  'project',
  () => Project,
  'The project, open again.',
);
export const UpdateProjectPayload = payloadType(
  'UpdateProject',
  'project',
  () => Project,
  'The changed project.',
);
export const UpdateProjectLimitsPayload = payloadType(
  'UpdateProjectLimits',
  'project',
  () => Project,
  'The project with its new limits.',
);
