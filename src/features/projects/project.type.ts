import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { payloadType } from '../../platform/graphql/payload.ts';
import { DateTimeScalar, DecimalScalar } from '../../platform/graphql/scalars.ts';
import { connectionType, Node } from '../../platform/reads/connection.ts';

@ObjectType({
  implements: Node,
  description: 'A project: the tenant that owns characters, images, runs and budgets.',
})
export class Project extends Node {
  @Field(() => String, { description: "The project's name: 1 to 200 characters." })
  name: string;
  @Field(() => String, {
    description:
      "The IANA name of the project's time zone, such as `Europe/Berlin`; `UTC` unless an owner sets another. The days of spend, budgets, exports and forecasts are days of this zone. A `DateTime` is in UTC in any case.",
  })
  timeZone: string;
  @Field(() => DateTimeScalar, { description: 'When the project was created.' })
  createdAt: Date;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When the project was archived; null while it is not. An archived project is read-only.',
  })
  archivedAt: Date | null;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description:
      'When the deletion of the project was requested; null when it was not. The project is deleted with all its data once its last run is settled.',
  })
  deletingAt: Date | null;
  @Field(() => Int, {
    description:
      'How many runs of the project may be under way at the same time. Further runs wait in the queue.',
  })
  maxConcurrentGenerations: number;
  @Field(() => Int, {
    description:
      'How many runs of the project are under way: from the moment when they leave the queue until the provider has finished with them.',
  })
  activeGenerations: number;
}

export const ProjectConnection = connectionType('Project', () => Project);

@InputType({ description: 'A new project.' })
export class CreateProjectInput {
  @Field(() => String, { description: "The project's name: 1 to 200 characters." })
  name: string;
}

@InputType({ description: 'The project to archive.' })
export class ArchiveProjectInput {
  @Field(() => ID, { description: "The project's id." })
  id: string;
}

@InputType({ description: 'The project to restore.' })
export class RestoreProjectInput {
  @Field(() => ID, { description: "The project's id." })
  id: string;
}

@InputType({ description: 'New values for a project. A field that is left out stays as it is.' })
export class UpdateProjectInput {
  @Field(() => ID, { description: "The project's id." })
  id: string;
  @Field(() => String, {
    nullable: true,
    description:
      "The project's time zone from now on: an IANA name such as `Europe/Berlin`, or `UTC`. Amounts that are already booked keep their day. A current period of a budget ends when it would have ended in the old zone.",
  })
  timeZone?: string | null;
}

@InputType({ description: 'New limits for a project. A field that is left out stays as it is.' })
export class UpdateProjectLimitsInput {
  @Field(() => ID, { description: "The project's id." })
  id: string;
  @Field(() => Int, {
    nullable: true,
    description:
      'How many runs of the project may be under way at the same time: 0 to 10,000. Runs that are under way continue.',
  })
  maxConcurrentGenerations?: number | null;
  @Field(() => DecimalScalar, {
    nullable: true,
    description:
      'US dollars, 0 or more: a run that may cost more waits for the approval of an owner. Null: no run waits for this reason.',
  })
  approvalPerRun?: bigint | null;
  @Field(() => DecimalScalar, {
    nullable: true,
    description:
      'US dollars, 0 or more: a run waits for the approval of an owner when all runs of its batch together may cost more. Null: no run waits for this reason.',
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
  'The archived project, which is read-only.',
);
export const RestoreProjectPayload = payloadType(
  'RestoreProject',
  'project',
  () => Project,
  'The restored project.',
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
