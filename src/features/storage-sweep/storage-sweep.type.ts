import { Field, ID, Int, ObjectType } from 'type-graphql';
import { DateTimeScalar } from '../../platform/graphql/scalars.ts';

@ObjectType({
  description: 'What the last round through all stored files and their rows has found and removed.',
})
export class StorageSweep {
  @Field(() => DateTimeScalar, { description: 'When the round ended.' })
  endedAt: Date;
  @Field(() => Boolean, {
    description:
      'Whether files without a row were looked for. False while the storage belongs to another database: `DATA_DIR/storage/.database` names it.',
  })
  areFilesSwept: boolean;
  @Field(() => Int, { description: 'Uploads that nothing used for `UNUSED_UPLOADS_KEPT_HOURS`: removed.' })
  removedUploads: number;
  @Field(() => Int, {
    description:
      'Files that no row names, found for the first time: removed in a day, unless a row names them.',
  })
  markedFiles: number;
  @Field(() => Int, { description: 'Files that no row has named for a day since they were found: removed.' })
  removedFiles: number;
  @Field(() => Int, { description: 'Files that were begun and not finished: removed.' })
  removedUnfinished: number;
  @Field(() => Int, {
    description:
      'Pictures and kept outputs whose file is missing. Nothing was changed: restore the file from a backup.',
  })
  missingFiles: number;
  @Field(() => [ID], {
    description: 'The first twenty of these: ids of an `Image`, or of the `Generation` that kept an output.',
  })
  missing: string[];
}
