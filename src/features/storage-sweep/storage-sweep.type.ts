import { Field, ID, Int, ObjectType } from 'type-graphql';
import { DateTimeScalar } from '../../platform/graphql/scalars.ts';

@ObjectType({
  description:
    'The result of the last complete check of all stored files and their rows: what was found and removed.',
})
export class StorageSweep {
  @Field(() => DateTimeScalar, { description: 'When the check ended.' })
  endedAt: Date;
  @Field(() => Boolean, {
    description:
      'Whether the check looked for files without a row. False while the storage belongs to another database: `DATA_DIR/storage/.database` names it.',
  })
  areFilesSwept: boolean;
  @Field(() => Int, {
    description:
      'The number of uploads that were removed, because they were not used for `UNUSED_UPLOADS_KEPT_HOURS`.',
  })
  removedUploads: number;
  @Field(() => Int, {
    description:
      'The number of files without a row that were found for the first time. They are removed after a day, unless a row names them by then.',
  })
  markedFiles: number;
  @Field(() => Int, {
    description:
      'The number of files that were removed, because they have had no row for a day since they were found.',
  })
  removedFiles: number;
  @Field(() => Int, { description: 'The number of unfinished files that were removed.' })
  removedUnfinished: number;
  @Field(() => Int, {
    description:
      'The number of pictures and kept outputs whose file is missing. Nothing was changed: restore the files from a backup.',
  })
  missingFiles: number;
  @Field(() => [ID], {
    description:
      'The first twenty missing files: ids of an `Image`, or of the `Generation` that kept an output.',
  })
  missing: string[];
}
