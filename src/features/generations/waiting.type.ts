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

@ObjectType({ description: 'What runs wait for.' })
export class GenerationWait {
  @Field(() => WaitReasonEnum, { description: 'Machine-readable.' })
  reason: WaitReason;
  @Field(() => DateTimeScalar, { description: 'The first moment of this reason.' })
  since: Date;
}
