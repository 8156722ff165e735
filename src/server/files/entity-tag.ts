/**
 * Whether a client that sends this `If-None-Match` has what the entity tag stands for. Weak and strong tags are the
 * same here (RFC 9110, 13.1.2). What the client says of caches is no matter: `fetch` adds "no-cache" by itself.
 */
export function hasEntityTag(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const strong = (text: string) => text.trim().replace(/^W\//, '');
  return ifNoneMatch.trim() === '*' || ifNoneMatch.split(',').some((each) => strong(each) === strong(tag));
}
