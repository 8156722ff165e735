import { Field, ObjectType, registerEnumType } from 'type-graphql';
import { DateTimeScalar, SafeIntScalar } from '../../platform/graphql/scalars.ts';
import { booksProblemDescriptions } from '../reconciliation/reconciliation.type.ts';
import { type Finding, findingKinds } from './finding.ts';

const FindingKind = Object.fromEntries(findingKinds.map((kind) => [kind, kind]));
registerEnumType(FindingKind, {
  name: 'VerificationFindingKind',
  description: 'The kind of a finding.',
  valuesConfig: {
    AUDIT_ENTRIES_MISSING: { description: 'The numbers of audit entries have a gap.' },
    AUDIT_ENTRY_CHANGED: { description: 'The hash of an audit entry does not match its content.' },
    AUDIT_CHAIN_BROKEN: { description: 'An audit entry does not hold the hash of the entry before it.' },
    AUDIT_LOG_SHORTENED: { description: 'The anchored audit entry is missing, and so are all newer ones.' },
    AUDIT_LOG_REWRITTEN: {
      description: 'The anchored audit entry has another hash than when it was anchored.',
    },
    DATABASE_WENT_BACK: {
      description:
        'The database is older than the anchor: a backup was restored, or a replica that was behind took over.',
    },
    ...booksProblemDescriptions,
    STORAGE_MISSING: {
      description: 'The folder of the pictures is missing. Reported only by `npm run verify`.',
    },
    STORAGE_FOREIGN: {
      description:
        'The folder of the pictures belongs to another installation. Reported only by `npm run verify`.',
    },
    PICTURE_MISSING: { description: 'The bytes of a picture or of a kept output are missing.' },
    PICTURE_CHANGED: {
      description: 'The bytes of a picture or of a kept output are not those that were stored.',
    },
    PICTURE_UNREADABLE: { description: 'The bytes of a picture or of a kept output cannot be read.' },
  },
});

@ObjectType({ description: 'A finding of a verification.' })
export class VerificationFinding {
  @Field(() => FindingKind, { description: 'The kind of the finding.' })
  kind: Finding['kind'];
  @Field(() => String, {
    nullable: true,
    description:
      'The row id of the project, which may no longer exist. Null when the finding is about no single project.',
  })
  project: string | null;
  @Field(() => String, {
    description: 'The object of the finding: the number of an audit entry, or row ids and a day.',
  })
  subject: string;
  @Field(() => String, { description: 'A sentence for a person.' })
  message: string;
}

@ObjectType({
  description:
    'A pass that reads all data of one kind again, in small steps. The server begins one a day, unless the last pass is still under way.',
})
export class VerificationPass {
  @Field(() => DateTimeScalar, { description: "When the pass began, by the database's clock." })
  startedAt: Date;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When the pass had read all data; null before.',
  })
  endedAt: Date | null;
  @Field(() => SafeIntScalar, { description: 'How many entries or pictures the pass has read.' })
  read: number;
  @Field(() => SafeIntScalar, {
    description: 'The number of findings of the pass; 0 when there is no problem.',
  })
  findingCount: number;
  @Field(() => [VerificationFinding], { description: 'The first 20 findings of the pass.' })
  findings: VerificationFinding[];
}

@ObjectType({ description: 'The passes over all data of one kind.' })
export class VerificationPasses {
  @Field(() => VerificationPass, {
    nullable: true,
    description: 'The pass that is under way; null between two passes.',
  })
  current: VerificationPass | null;
  @Field(() => VerificationPass, {
    nullable: true,
    description: 'The last pass that has read all data; null before the first has ended.',
  })
  ended: VerificationPass | null;
}

@ObjectType({
  description:
    'A regular verification. It computes the hash of each new entry of the audit log again, compares the log with the anchor outside of the database, and compares the records of every project with each other. Older entries and the pictures are read again by passes, which have findings of their own.',
})
export class Verification {
  @Field(() => DateTimeScalar, { description: "When the verification ended, by the database's clock." })
  at: Date;
  @Field(() => SafeIntScalar, {
    description: 'The number of projects with anchored audit entries, including deleted projects.',
  })
  projects: number;
  @Field(() => SafeIntScalar, { description: 'The number of anchored audit entries.' })
  entries: number;
  @Field(() => SafeIntScalar, { description: 'The number of findings; 0 when there is no problem.' })
  findingCount: number;
  @Field(() => [VerificationFinding], { description: 'The first 20 findings.' })
  findings: VerificationFinding[];
  @Field(() => VerificationPasses, {
    description:
      'The passes over the audit log. They read the whole chain of each project from its first entry on, and compute each hash again.',
  })
  entryPasses: VerificationPasses;
  @Field(() => VerificationPasses, {
    description:
      'The passes over the pictures and the kept outputs. They compare the size and the hash of the bytes. A pass waits while the storage does not work.',
  })
  picturePasses: VerificationPasses;
}
