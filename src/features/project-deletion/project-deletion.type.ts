import { Field, ID, InputType } from 'type-graphql';
import { payloadType } from '../../platform/graphql/payload.ts';
import { Project } from '../projects/project.type.ts';

@InputType({ description: 'The project to delete permanently.' })
export class DeleteProjectInput {
  @Field(() => ID, { description: "The project's id." })
  id: string;
  @Field(() => String, {
    description:
      "The project's exact name, as proof that the right project is meant. User error: NAME_DIFFERS.",
  })
  name: string;
}

export const DeleteProjectPayload = payloadType(
  'DeleteProject',
  'project',
  () => Project,
  'The project, with `deletingAt`. It is deleted once its last run is settled.',
);
