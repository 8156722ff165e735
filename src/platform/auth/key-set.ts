/** A key set holds a few keys of a kilobyte each. */
const maxKeySetBytes = 1_048_576;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Fetches a key set for jose. Throws what `fetch` throws, RangeError when the key set is too large, and TypeError when
 * it is not UTF-8.
 */
export async function fetchKeySet(url: string, options: RequestInit): Promise<Response> {
  const response = await fetch(url, options);
  // jose looks only at the status of such a response.
  if (response.status !== 200) return response;
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of response.body ?? []) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxKeySetBytes)
      throw new RangeError(`The key set is larger than ${maxKeySetBytes} bytes.`);
    chunks.push(chunk);
  }
  return new Response(utf8.decode(Buffer.concat(chunks)));
}
