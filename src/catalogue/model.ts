/*
 * The types of a model's definition. One definition is the only source for the typed GraphQL input, the validation,
 * the JSON sent to the provider, the `imageModels` query and the simulator.
 *
 * A parameter that the caller omits is not sent, and the provider's default applies. There is one exception: when the
 * provider's documents mark a parameter as required and show only a sample value, the sample value is sent. `subject`
 * of `consistent-character` is optional at the provider, which then draws its own sample portrait, so we require a
 * reference instead. `input_image` of the V3 model is sent only when the caller asks for it, because a run without a
 * pose is a valid choice there.
 */

/** What a reference picture shows of a character: the person (FACE, BODY, STYLE) or the posture (POSE). */
export const referenceImageKinds = ['FACE', 'BODY', 'STYLE', 'POSE'] as const;
export type ReferenceImageKind = (typeof referenceImageKinds)[number];

/**
 * The purpose of a parameter. The provider has several names for one purpose (`samples`, `number_of_outputs`). The role
 * lets the rest of the code find "the seed" without knowing the model.
 */
export const parameterRoles = [
  'PROMPT',
  'NEGATIVE_PROMPT',
  'IDENTITY_IMAGE',
  'POSE_IMAGE',
  'SEED',
  /** The number of pictures is the product of all COUNT parameters. */
  'COUNT',
  'OUTPUT_FORMAT',
  'OUTPUT_QUALITY',
  'WIDTH',
  'HEIGHT',
  /** Asks for the answer as base64 in JSON instead of bytes or a URL. */
  'BASE64',
  /** When true the picture gets the size of an input picture, and WIDTH and HEIGHT are ignored. */
  'USE_INPUT_SIZE',
  'OTHER',
] as const;
export type ParameterRole = (typeof parameterRoles)[number];

interface ParameterBase {
  /** The provider's exact name, as in the JSON body. */
  readonly name: string;
  /** The provider's full description of the parameter. */
  readonly description: string;
  readonly role: ParameterRole;
  /** Whether the provider refuses or fails a request without it. */
  readonly isRequired: boolean;
  /** Whether a higher value takes longer and so costs more where time is billed. Counts and sizes always do. */
  readonly affectsPrice?: true;
}

/*
 * Each kind of parameter has a `default`: the value that the provider uses, by its documents, when the parameter is
 * omitted. When the documents mark the parameter as required and show no default, it is their sample value; `null`
 * when they show neither.
 */
export interface StringParameter extends ParameterBase {
  readonly type: 'STRING';
  readonly default: string | null;
  /** Values known to work, when the documents give no list of values. They are offered and never enforced. */
  readonly suggestions?: readonly string[];
}

export interface NumberParameter extends ParameterBase {
  readonly type: 'INTEGER' | 'NUMBER';
  readonly default: number | null;
  readonly minimum?: number;
  readonly maximum?: number;
  /** Whether the range is ours, because the documents give none. It refuses senseless values before they cost money. */
  readonly isRangeAssumed?: true;
}

export interface BooleanParameter extends ParameterBase {
  readonly type: 'BOOLEAN';
  readonly default: boolean | null;
}

export interface EnumParameter extends ParameterBase {
  readonly type: 'ENUM';
  readonly default: string | null;
  /** The values in the provider's spelling. */
  readonly values: readonly string[];
}

export interface ImageParameter extends ParameterBase {
  readonly type: 'IMAGE';
  /** The provider's own sample picture. It is shown and never sent, because it does not show the character. */
  readonly default: string | null;
  /**
   * The kinds of reference picture that fit, the best first. When the caller names no picture, the character's newest
   * reference is sent, of the first kind in this list that the character has. With an empty list a picture is sent
   * only when the caller names one.
   */
  readonly fittingKinds: readonly ReferenceImageKind[];
}

export type Parameter = StringParameter | NumberParameter | BooleanParameter | EnumParameter | ImageParameter;

/** The units that the provider bills by. */
export const priceUnits = ['GENERATION', 'IMAGE', 'GPU_SECOND'] as const;

/** The price of a run, and its source. Amounts are whole micro-dollars; an unknown price is `null`, never 0. */
export interface Price {
  readonly micros: bigint | null;
  /**
   * GENERATION: `micros` is the flat price of a run. IMAGE: `micros` is the price of each picture. GPU_SECOND: the
   * run is billed by time, and `micros` is the mean price of a run with one picture.
   */
  readonly per: (typeof priceUnits)[number];
  /** The source of the price. */
  readonly source: string;
  /** When the price was valid, as precise as the source: a year, a month or a day. */
  readonly date: string;
}

/** One of the provider's image models. */
export interface ImageModelDefinition {
  /** The provider's name in the URL; case matters. */
  readonly slug: string;
  /** The field of GraphQL's `ModelInput`. The name of its input type is this name, capitalised, plus `Input`. */
  readonly inputName: string;
  readonly title: string;
  readonly description: string;
  /** Changed by hand when the definition changes, and stored with every run. */
  readonly version: string;
  /** V2 submits the run and polls for its result. V1 waits in one call until the picture is ready. */
  readonly transport: 'V1' | 'V2';
  readonly price: Price;
  /** The provider's mean time of a run, in seconds; `null` when the provider states none. */
  readonly typicalSeconds: number | null;
  /** In the order of the provider's documents. */
  readonly parameters: readonly Parameter[];
}

/** A parameter's name in GraphQL: the provider's in camelCase (`base_64` becomes `base64`). */
export function graphqlName(parameter: { readonly name: string }): string {
  return parameter.name.replace(/_([a-z0-9])/g, (_, next: string) => next.toUpperCase());
}

/** The parameters with a role, in order. */
export function parametersInRole(model: ImageModelDefinition, role: ParameterRole): readonly Parameter[] {
  return model.parameters.filter((parameter) => parameter.role === role);
}

/** The first parameter with a role; undefined when the model has none. */
export function parameterInRole(model: ImageModelDefinition, role: ParameterRole): Parameter | undefined {
  return model.parameters.find((parameter) => parameter.role === role);
}
