import { Field, ObjectType, registerEnumType } from 'type-graphql';
import { DateTimeScalar } from '../../platform/graphql/scalars.ts';
import { type WaitReason, waitReasons } from './waiting.ts';

const WaitReasonEnum = Object.fromEntries(Object.keys(waitReasons).map((reason) => [reason, reason]));
registerEnumType(WaitReasonEnum, {
  name: 'WaitReason',
  description: 'Why a run waits. More reasons may be added.',
  valuesConfig: Object.fromEntries(
    Object.entries(waitReasons).map(([reason, description]) => [reason, { description }]),
  ),
});

@ObjectType({ description: 'What a run, or the runs of a project, wait for.' })
export class GenerationWait {
  @Field(() => WaitReasonEnum, { description: 'The machine-readable reason.' })
  reason: WaitReason;
  @Field(() => DateTimeScalar, { description: 'The first moment at which this reason applied.' })
  since: Date;
}
