import { tables } from '../../platform/reads/generated/tables.ts';
import { view } from '../../platform/reads/view.ts';

export const imageView = view(tables.Image);
