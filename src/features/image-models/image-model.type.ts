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
    FACE: { description: 'The identity of the character: a close-up of the face.' },
    BODY: { description: 'The identity of the character: the whole figure.' },
    STYLE: { description: 'The style in which the character is drawn.' },
    POSE: { description: 'A posture to copy; the person in the picture does not matter.' },
  },
});

const ParameterType = enumOf(['STRING', 'INTEGER', 'NUMBER', 'BOOLEAN', 'ENUM', 'IMAGE']);
registerEnumType(ParameterType, {
  name: 'ImageModelParameterType',
  description: "The type of a parameter's value, which decides the control that a form draws.",
});

const ParameterRole = enumOf(parameterRoles);
registerEnumType(ParameterRole, {
  name: 'ImageModelParameterRole',
  description:
    'The purpose of a parameter, which is the same for all models. The number of pictures is the product of all COUNT parameters.',
});

const PriceUnit = enumOf(priceUnits);
registerEnumType(PriceUnit, {
  name: 'ImageModelPriceUnit',
  description:
    'What a price is for. GENERATION: a flat price for each run. IMAGE: a price for each picture. GPU_SECOND: billed by compute time; the price is the mean of a run with one picture.',
});

@ObjectType({
  description:
    'A parameter of a model, with all that a form needs to draw its control and to check its value.',
})
export class ImageModelParameter {
  @Field(() => String, { description: "The name of the field in the model's input type." })
  name: string;
  @Field(() => String, {
    description: "The provider's own name of the parameter, as in `Generation.parameters`.",
  })
  providerName: string;
  @Field(() => ParameterType, { description: 'The type of the value.' })
  type: string;
  @Field(() => ParameterRole, { description: 'The purpose of the parameter.' })
  role: string;
  @Field(() => String, { description: "The provider's description of the parameter." })
  description: string;
  @Field(() => Boolean, { description: 'Whether the provider requires a value.' })
  isRequired: boolean;
  @Field(() => JsonObjectScalar, {
    nullable: true,
    description:
      '`{ "value": … }`: the provider\'s default or sample value. Null when the provider states none.',
  })
  default: { value: unknown } | null;
  @Field(() => Float, {
    nullable: true,
    description: 'The smallest number that is accepted. Null when there is no limit, and for other types.',
  })
  minimum: number | null;
  @Field(() => Float, {
    nullable: true,
    description: 'The largest number that is accepted. Null when there is no limit, and for other types.',
  })
  maximum: number | null;
  @Field(() => Boolean, {
    description: "Whether the range was chosen by this server, because the provider's documents state none.",
  })
  isRangeAssumed: boolean;
  @Field(() => [String], {
    nullable: true,
    description: 'The only values that are accepted. Null when the parameter is no ENUM.',
  })
  values: readonly string[] | null;
  @Field(() => [String], {
    nullable: true,
    description: 'Values known to work; other values are passed on unchanged. Null when none are known.',
  })
  suggestions: readonly string[] | null;
  @Field(() => [ReferenceImageKind], {
    nullable: true,
    description:
      'For images: the kinds of reference image that are used when the parameter is left out, best first. Empty when none is used. Null for other types.',
  })
  fittingKinds: readonly string[] | null;
}

@ObjectType({ description: 'The list price of a model, and its source.' })
class ImageModelPrice {
  @Field(() => DecimalScalar, {
    nullable: true,
    description: 'US dollars for a run, or for a picture when `per` is IMAGE. Null when unknown.',
  })
  amount: bigint | null;
  @Field(() => PriceUnit, { description: 'The unit that the price is for.' })
  per: string;
  @Field(() => String, { description: 'Where the price was published.' })
  source: string;
  @Field(() => String, {
    nullable: true,
    description: 'When the price was published: a year, a month or a day. Null when unknown.',
  })
  date: string | null;
}

@ObjectType({ description: "One of the provider's image models." })
export class ImageModel {
  @Field(() => String, { description: "The provider's name of the model." })
  slug: string;
  @Field(() => String, {
    nullable: true,
    description: 'The field of `ModelInput` for this model. Null for a model that is no longer offered.',
  })
  inputName: string | null;
  @Field(() => String, { description: 'The name of the model, for people.' })
  title: string;
  @Field(() => String, { description: 'What the model does.' })
  description: string;
  @Field(() => String, {
    description: "The version of the model's definition on this server; stored with each run.",
  })
  version: string;
  @Field(() => ImageModelPrice, { description: 'The list price of a run.' })
  price: ImageModelPrice;
  @Field(() => Float, {
    nullable: true,
    description: 'The mean time of a run, in seconds. Null when unknown.',
  })
  typicalSeconds: number | null;
  @Field(() => [ImageModelParameter], {
    description: "The parameters, in the order of the provider's documents.",
  })
  parameters: ImageModelParameter[];
}
