import { Conflict, type InputPath } from '../../errors.ts';
import type { Uses } from '../../platform/context.ts';

/** Checks that the viewer may run this model: an API key may be limited to some models. Throws Conflict at `path`. */
export function authorizeModel({ viewer }: Uses<'viewer'>, slug: string, path: InputPath): void {
  if (viewer.kind !== 'API_KEY' || viewer.allowedModels.length === 0) return;
  if (viewer.allowedModels.includes(slug)) return;
  const allowed = viewer.allowedModels.join(', ');
  throw new Conflict('MODEL_NOT_ALLOWED', `This API key may only run ${allowed}.`, path);
}
