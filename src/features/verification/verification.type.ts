import { Field, ObjectType, registerEnumType } from 'type-graphql';
import { DateTimeScalar, SafeIntScalar } from '../../platform/graphql/scalars.ts';
import { booksProblemDescriptions } from '../reconciliation/reconciliation.type.ts';
import { type Finding, findingKinds } from './finding.ts';

const FindingKind = Object.fromEntries(findingKinds.map((kind) => [kind, kind]));
registerEnumType(FindingKind, {
  name: 'VerificationFindingKind',
  description: 'What does not fit.',
  valuesConfig: {
    AUDIT_ENTRIES_MISSING: { description: 'Numbers of audit entries have a gap.' },
    AUDIT_ENTRY_CHANGED: { description: 'The hash of an audit entry does not match its content.' },
    AUDIT_CHAIN_BROKEN: { description: 'An audit entry does not hold the hash of the entry before it.' },
    AUDIT_LOG_SHORTENED: { description: 'The anchored audit entry is gone, and so are all newer ones.' },
    AUDIT_LOG_REWRITTEN: {
      description: 'The anchored audit entry has another hash than it had when it was anchored.',
    },
    DATABASE_WENT_BACK: {
      description:
        'The database is older than the anchor: a backup was restored, or a replica that lagged took over.',
    },
    ...booksProblemDescriptions,
    STORAGE_MISSING: {
      description: 'The folder of the pictures is not there. Told by `npm run verify` only.',
    },
    STORAGE_FOREIGN: {
      description:
        'The folder of the pictures is that of another installation. Told by `npm run verify` only.',
    },
    PICTURE_MISSING: { description: 'The bytes of a picture or of a kept output are gone.' },
    PICTURE_CHANGED: {
      description: 'The bytes of a picture or of a kept output are not those that were stored.',
    },
    PICTURE_UNREADABLE: { description: 'The bytes of a picture or of a kept output cannot be read.' },
  },
});

@ObjectType({ description: 'Something that a verification has found.' })
export class VerificationFinding {
  @Field(() => FindingKind, { description: 'What does not fit.' })
  kind: Finding['kind'];
  @Field(() => String, {
    nullable: true,
    description: "The project's row id, which may be gone; null where it is about no single one.",
  })
  project: string | null;
  @Field(() => String, { description: "What it is about: an audit entry's number, or row ids and a day." })
  subject: string;
  @Field(() => String, { description: 'A sentence for a person.' })
  message: string;
}

@ObjectType({
  description:
    'A pass that reads everything of one kind again, in small steps. The server begins one a day, unless the last one still goes on.',
})
export class VerificationPass {
  @Field(() => DateTimeScalar, { description: "When it began, by the database's clock." })
  startedAt: Date;
  @Field(() => DateTimeScalar, { nullable: true, description: 'When it had read everything; null before.' })
  endedAt: Date | null;
  @Field(() => SafeIntScalar, { description: 'How many it has read.' })
  read: number;
  @Field(() => SafeIntScalar, { description: 'How many findings it has; 0 when everything fits.' })
  findingCount: number;
  @Field(() => [VerificationFinding], { description: 'The first 20 of its findings.' })
  findings: VerificationFinding[];
}

@ObjectType({ description: 'The passes over everything of one kind.' })
export class VerificationPasses {
  @Field(() => VerificationPass, {
    nullable: true,
    description: 'The one that is under way; null between two passes.',
  })
  current: VerificationPass | null;
  @Field(() => VerificationPass, {
    nullable: true,
    description: 'The last one that has read everything; null before the first has ended.',
  })
  ended: VerificationPass | null;
}

@ObjectType({
  description:
    'A regular verification: new entries of the audit log, each with its hash computed anew, against the anchor outside of the database; and the books of every project. Older entries and the pictures are read again by passes, which have findings of their own.',
})
export class Verification {
  @Field(() => DateTimeScalar, { description: "When it ended, by the database's clock." })
  at: Date;
  @Field(() => SafeIntScalar, {
    description: 'How many projects have anchored audit entries, those that are gone too.',
  })
  projects: number;
  @Field(() => SafeIntScalar, { description: 'How many audit entries are anchored.' })
  entries: number;
  @Field(() => SafeIntScalar, { description: 'How many findings it has; 0 when everything fits.' })
  findingCount: number;
  @Field(() => [VerificationFinding], { description: 'The first 20 of its findings.' })
  findings: VerificationFinding[];
  @Field(() => VerificationPasses, {
    description:
      'The passes over the audit log: the whole chain of each project, from its first entry on, each hash computed anew.',
  })
  entryPasses: VerificationPasses;
  @Field(() => VerificationPasses, {
    description:
      'The passes over the pictures, and over outputs that were kept as they came: size and hash of their bytes. A pass waits while the storage does not work.',
  })
  picturePasses: VerificationPasses;
}
