import { BadRequest } from '../../errors.ts';

/** The most that a form adds to its file: boundaries, headers, short fields. */
export const formOverheadBytes = 65_536;

/**
 * The bytes of the one file of a form. The form is read as a whole, because its bytes are counted while they arrive, as those
 * of any upload. Throws BadRequest.
 */
export async function readFormFile(form: Buffer, contentType: string): Promise<Buffer> {
  const entries = await new Response(new Uint8Array(form), { headers: { 'content-type': contentType } })
    .formData()
    .catch(() => {
      throw new BadRequest('The form cannot be read: it is not well-formed multipart/form-data.');
    });
  const [file, ...more] = [...entries.values()].filter((entry) => entry instanceof File);
  if (!file || more.length > 0)
    throw new BadRequest(`The form must have one file, and has ${file ? more.length + 1 : 'none'}.`);
  return Buffer.from(await file.arrayBuffer());
}
