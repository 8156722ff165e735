import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { connectionType, Node } from '../../platform/graphql/connection.ts';
import { payloadType } from '../../platform/graphql/payload.ts';
import { DateTimeScalar } from '../../platform/graphql/scalars.ts';

@ObjectType({ implements: Node, description: 'The tenant: owns characters, images and generations.' })
export class Project extends Node {
  @Field(() => String, { description: 'From 1 to 200 characters.' })
  name: string;
  @Field(() => DateTimeScalar, { description: 'When it was made.' })
  createdAt: Date;
  @Field(() => DateTimeScalar, { nullable: true, description: 'When it was archived: it can only be read.' })
  archivedAt: Date | null;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When it was given up: it goes, with all that is in it, once its last run has settled.',
  })
  deletingAt: Date | null;
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
