import { readdirSync } from 'node:fs';
import type { ImageModelDefinition } from './model.ts';

/**
 * The folder of the provider's models. Every file in it exports a definition as `model` and is read at the start. So
 * a new model needs one new file.
 */
const folder = new URL('./models/', import.meta.url);

async function readModels(): Promise<readonly ImageModelDefinition[]> {
  const files = readdirSync(folder)
    .filter((file) => /\.(ts|js)$/.test(file) && !file.endsWith('.d.ts'))
    .sort();
  const modules = await Promise.all(
    files.map((file) => import(new URL(file, folder).href) as Promise<{ model: ImageModelDefinition }>),
  );
  return modules.map((module) => module.model);
}

/** All models, ordered by file name. */
export const imageModels: readonly ImageModelDefinition[] = await readModels();

const bySlug = new Map(imageModels.map((model) => [model.slug, model]));

/** The model with this slug; undefined when it is not in the catalogue, because its past runs must stay readable. */
export function findImageModel(slug: string): ImageModelDefinition | undefined {
  return bySlug.get(slug);
}
