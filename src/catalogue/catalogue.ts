import { readdirSync } from 'node:fs';
import type { ImageModelDefinition } from './model.ts';

/**
 * The provider's models: every file in `models/` exports its definition as `model`, and is found here by
 * being there. Adding a model is adding one file.
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

/** The model with this slug, or undefined: runs of a model that has left the catalogue stay readable. */
export function findImageModel(slug: string): ImageModelDefinition | undefined {
  return bySlug.get(slug);
}
