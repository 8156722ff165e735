import type { Image as ImageRow } from '../../platform/db/generated/client.ts';
import { boolean, integer, moment, optional, text } from '../../platform/reads/column.ts';
import { view } from '../../platform/reads/view.ts';

/** `images`, column by column. */
export const imageView = view<ImageRow>('images', {
  id: text,
  projectId: text,
  sha256: text,
  contentType: text,
  sizeBytes: integer,
  width: integer,
  height: integer,
  createdAt: moment,
  uploadedAt: optional(moment),
  isOfRun: optional(boolean),
});
