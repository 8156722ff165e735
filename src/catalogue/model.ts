/*
 * What the caller leaves out is left out, and the provider's default applies, except where its documents mark a
 * parameter as required and show only a sample value: then the sample value is sent. `subject` of
 * `consistent-character` is optional at the provider, which then draws its own sample portrait; we ask for a
 * reference instead. `input_image` of the V3 model is sent only when it is asked for: no pose is a choice there.
 */

/**
 * The words a model's file is written in. One definition is the single source for the typed GraphQL input,
 * the validation, the JSON sent to the provider, the `imageModels` query and the simulator.
 */

/** What a reference picture shows of a character: who they are (FACE, BODY, STYLE) or how they stand (POSE). */
export const referenceImageKinds = ['FACE', 'BODY', 'STYLE', 'POSE'] as const;
export type ReferenceImageKind = (typeof referenceImageKinds)[number];

/**
 * What a parameter is for. The same idea has many names at the provider (`samples`, `number_of_outputs`);
 * the role lets the rest of the code ask for "the seed" without knowing the model.
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
  /** When true the picture takes an input picture's size, and WIDTH and HEIGHT do not count. */
  'USE_INPUT_SIZE',
  'OTHER',
] as const;
export type ParameterRole = (typeof parameterRoles)[number];

interface ParameterBase {
  /** The provider's exact name, as it stands in the JSON body. */
  readonly name: string;
  /** The provider's sentence about it, in full. */
  readonly description: string;
  readonly role: ParameterRole;
  /** The provider refuses or fails a request without it. */
  readonly isRequired: boolean;
  /** More of it takes longer, where time is billed. Counts and sizes always do. */
  readonly affectsPrice?: true;
}

/*
 * Each kind of parameter has a `default`: what the documents say the provider takes when it is left out or, where
 * they mark the parameter as required and show no default, their sample value; `null` where they show neither.
 */
export interface StringParameter extends ParameterBase {
  readonly type: 'STRING';
  readonly default: string | null;
  /** Values known to work where the documents leave the list blank: offered, never enforced. */
  readonly suggestions?: readonly string[];
}

export interface NumberParameter extends ParameterBase {
  readonly type: 'INTEGER' | 'NUMBER';
  readonly default: number | null;
  readonly minimum?: number;
  readonly maximum?: number;
  /** The documents give no range; ours keeps nonsense from being paid for. */
  readonly isRangeAssumed?: true;
}

export interface BooleanParameter extends ParameterBase {
  readonly type: 'BOOLEAN';
  readonly default: boolean | null;
}

export interface EnumParameter extends ParameterBase {
  readonly type: 'ENUM';
  readonly default: string | null;
  /** The provider's values, spelled as it spells them. */
  readonly values: readonly string[];
}

export interface ImageParameter extends ParameterBase {
  readonly type: 'IMAGE';
  /** The provider's own sample picture, shown and never sent: a character is not the sample's face. */
  readonly default: string | null;
  /**
   * The kinds of reference picture that fit, best first. Left out, the character's newest reference of the
   * first kind it has is sent; an empty list means that it is only sent when asked for.
   */
  readonly fittingKinds: readonly ReferenceImageKind[];
}

export type Parameter = StringParameter | NumberParameter | BooleanParameter | EnumParameter | ImageParameter;

/** What the provider bills by. */
export const priceUnits = ['GENERATION', 'IMAGE', 'GPU_SECOND'] as const;

/** What one run costs, and how we know. Dollars are whole micro-dollars; an unknown price is `null`, never 0. */
export interface Price {
  readonly micros: bigint | null;
  /**
   * GENERATION: one flat price a run. IMAGE: `micros` for each picture. GPU_SECOND: billed by time, `micros` is the mean
   * of a run with one picture.
   */
  readonly per: (typeof priceUnits)[number];
  /** Where the figure is from. */
  readonly source: string;
  /** When it was true, as the source tells it: a year, a month or a day. */
  readonly date: string;
}

/** One of the provider's image models. */
export interface ImageModelDefinition {
  /** The provider's name in the URL; case matters. */
  readonly slug: string;
  /** The member of GraphQL's `ModelInput`; its input type is this name capitalised, plus `Input`. */
  readonly inputName: string;
  readonly title: string;
  readonly description: string;
  /** Raised by hand when the definition changes, and kept with every run. */
  readonly version: string;
  /** V2 submits and polls; V1 blocks until the picture is there. */
  readonly transport: 'V1' | 'V2';
  readonly price: Price;
  /** The provider's mean time of a run, in seconds; `null` where none is stated. */
  readonly typicalSeconds: number | null;
  /** In the order of the provider's documents. */
  readonly parameters: readonly Parameter[];
}

/** A parameter's name in GraphQL: the provider's in camelCase (`base_64` becomes `base64`). */
export function graphqlName(parameter: { readonly name: string }): string {
  return parameter.name.replace(/_([a-z0-9])/g, (_, next: string) => next.toUpperCase());
}

/** The parameters that play one role, in order. */
export function parametersInRole(model: ImageModelDefinition, role: ParameterRole): readonly Parameter[] {
  return model.parameters.filter((parameter) => parameter.role === role);
}

/** The one parameter that plays a role, if the model has it. */
export function parameterInRole(model: ImageModelDefinition, role: ParameterRole): Parameter | undefined {
  return model.parameters.find((parameter) => parameter.role === role);
}
