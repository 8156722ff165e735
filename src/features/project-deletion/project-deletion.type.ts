import { Field, ID, InputType } from 'type-graphql';
import { payloadType } from '../../platform/graphql/payload.ts';
import { Project } from '../projects/project.type.ts';

@InputType({ description: 'The project to delete, for good.' })
export class DeleteProjectInput {
  @Field(() => ID, { description: "The project's id." })
  id: string;
  @Field(() => String, { description: "The project's name, exactly: proof that the right one is meant." })
  name: string;
}

export const DeleteProjectPayload = payloadType(
  'DeleteProject',
  'project',
  () => Project,
  'The project with `deletingAt`: it goes once its last run has settled.',
);
