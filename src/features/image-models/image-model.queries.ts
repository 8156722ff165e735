import { findImageModel, imageModels } from '../../catalogue/catalogue.ts';
import { graphqlName, type ImageModelDefinition, type Parameter } from '../../catalogue/model.ts';
import type { ImageModel, ImageModelParameter } from './image-model.type.ts';

function presentParameter(parameter: Parameter): ImageModelParameter {
  const isNumber = parameter.type === 'INTEGER' || parameter.type === 'NUMBER';
  return {
    name: graphqlName(parameter),
    providerName: parameter.name,
    type: parameter.type,
    role: parameter.role,
    description: parameter.description,
    isRequired: parameter.isRequired,
    default: parameter.default === null ? null : { value: parameter.default },
    minimum: isNumber ? (parameter.minimum ?? null) : null,
    maximum: isNumber ? (parameter.maximum ?? null) : null,
    isRangeAssumed: isNumber && parameter.isRangeAssumed === true,
    values: parameter.type === 'ENUM' ? parameter.values : null,
    suggestions: (parameter.type === 'STRING' && parameter.suggestions) || null,
    fittingKinds: parameter.type === 'IMAGE' ? parameter.fittingKinds : null,
  };
}

function presentModel(model: ImageModelDefinition): ImageModel {
  const { slug, inputName, title, description, version, typicalSeconds, price } = model;
  return {
    slug,
    inputName,
    title,
    description,
    version,
    typicalSeconds,
    price: { amount: price.micros, per: price.per, source: price.source, date: price.date },
    parameters: model.parameters.map(presentParameter),
  };
}

/** All models of the catalogue. */
export function listImageModels(): ImageModel[] {
  return imageModels.map(presentModel);
}

/** The model of a run, also when it is no longer in the catalogue. */
export function imageModelBySlug(slug: string, version: string): ImageModel {
  const model = findImageModel(slug);
  if (model) return presentModel(model);
  return {
    slug,
    inputName: null,
    title: slug,
    description: 'This model is no longer offered.',
    version,
    price: { amount: null, per: 'GENERATION', source: 'not in the catalogue', date: null },
    typicalSeconds: null,
    parameters: [],
  };
}
