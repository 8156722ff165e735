import { Field, Float, ObjectType, registerEnumType } from 'type-graphql';
import { parameterRoles, priceUnits, referenceImageKinds } from '../../catalogue/model.ts';
import { DecimalScalar, JsonObjectScalar } from '../../platform/graphql/scalars.ts';

/** Makes an enum object of a list of names. */
function enumOf<Name extends string>(names: readonly Name[]): { [N in Name]: N } {
  return Object.fromEntries(names.map((name) => [name, name])) as { [N in Name]: N };
}

export const ReferenceImageKind = enumOf(referenceImageKinds);
registerEnumType(ReferenceImageKind, {
  name: 'ReferenceImageKind',
  description: 'What a reference picture shows of a character.',
  valuesConfig: {
    FACE: { description: 'Who they are: a close-up of the face.' },
    BODY: { description: 'Who they are: the whole figure.' },
    STYLE: { description: 'How they are drawn.' },
    POSE: { description: 'How they stand; the person in it does not matter.' },
  },
});

const ParameterType = enumOf(['STRING', 'INTEGER', 'NUMBER', 'BOOLEAN', 'ENUM', 'IMAGE']);
registerEnumType(ParameterType, {
  name: 'ImageModelParameterType',
  description: 'Which control a form draws for a parameter.',
});

const ParameterRole = enumOf(parameterRoles);
registerEnumType(ParameterRole, {
  name: 'ImageModelParameterRole',
  description:
    'What a parameter is for, whatever the model calls it. The number of pictures is the product of all COUNT parameters.',
});

const PriceUnit = enumOf(priceUnits);
registerEnumType(PriceUnit, {
  name: 'ImageModelPriceUnit',
  description:
    'GENERATION: one flat price a run. IMAGE: for each picture. GPU_SECOND: billed by time, so that the price is the mean of a run with one picture.',
});

@ObjectType({
  description: "One of a model's parameters: enough to draw its form control and to check its value.",
})
export class ImageModelParameter {
  @Field(() => String, { description: "The field of the model's input type." })
  name: string;
  @Field(() => String, { description: "The provider's own name, as in `Generation.parameters`." })
  providerName: string;
  @Field(() => ParameterType, { description: 'What kind of value it takes.' })
  type: string;
  @Field(() => ParameterRole, { description: 'What it is for.' })
  role: string;
  @Field(() => String, { description: "The provider's sentence about it." })
  description: string;
  @Field(() => Boolean, { description: 'The provider cannot do without it.' })
  isRequired: boolean;
  @Field(() => JsonObjectScalar, {
    nullable: true,
    description: '`{ "value": … }`: the provider\'s default or sample value. Null where it states none.',
  })
  default: { value: unknown } | null;
  @Field(() => Float, { nullable: true, description: 'The least number accepted.' })
  minimum: number | null;
  @Field(() => Float, { nullable: true, description: 'The greatest number accepted.' })
  maximum: number | null;
  @Field(() => Boolean, { description: "The range is ours: the provider's documents state none." })
  isRangeAssumed: boolean;
  @Field(() => [String], { nullable: true, description: 'The only values accepted. Null where any are.' })
  values: readonly string[] | null;
  @Field(() => [String], {
    nullable: true,
    description: 'Values known to work; others are passed on as they are.',
  })
  suggestions: readonly string[] | null;
  @Field(() => [ReferenceImageKind], {
    nullable: true,
    description:
      'For images: the kinds of reference image that stand in when it is left out, best first; empty when none does.',
  })
  fittingKinds: readonly string[] | null;
}

@ObjectType({ description: 'What a run costs, and how that is known.' })
class ImageModelPrice {
  @Field(() => DecimalScalar, {
    nullable: true,
    description: 'US dollars a run, or a picture where `per` says so. Null when unknown; never 0 for that.',
  })
  amount: bigint | null;
  @Field(() => PriceUnit, { description: 'What the provider bills by.' })
  per: string;
  @Field(() => String, { description: 'Where the figure is from.' })
  source: string;
  @Field(() => String, {
    nullable: true,
    description: 'When the source said so: a year, a month or a day.',
  })
  date: string | null;
}

@ObjectType({ description: "One of the provider's models." })
export class ImageModel {
  @Field(() => String, { description: "The provider's name for it." })
  slug: string;
  @Field(() => String, {
    nullable: true,
    description: 'The member of `ModelInput` to use. Null for a model that is no longer offered.',
  })
  inputName: string | null;
  @Field(() => String, { description: 'Its name for people.' })
  title: string;
  @Field(() => String, { description: 'What it does.' })
  description: string;
  @Field(() => String, { description: 'The version of this description; kept with each run.' })
  version: string;
  @Field(() => ImageModelPrice, { description: 'What a run costs.' })
  price: ImageModelPrice;
  @Field(() => Float, { nullable: true, description: "A run's mean time in seconds. Null when unknown." })
  typicalSeconds: number | null;
  @Field(() => [ImageModelParameter], { description: "In the order of the provider's documents." })
  parameters: ImageModelParameter[];
}
