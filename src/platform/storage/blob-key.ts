/** The prefix of all keys of projects. */
export const projectsPrefix = 'projects';

/** The prefix of all keys of one project, so that they can be deleted with the project. */
export function projectPrefix(projectId: string): string {
  return `${projectsPrefix}/${projectId}`;
}

/** The key of a picture's original bytes. */
export function blobKey(projectId: string, sha256: string): string {
  return `${projectPrefix(projectId)}/blobs/${sha256.slice(0, 2)}/${sha256}`;
}

/** The key of a picture as it was scaled or converted. */
export function variantKey(
  { projectId, sha256 }: { projectId: string; sha256: string },
  width: number | null,
  format: string | null,
): string {
  const name = `${sha256}-${width ?? 'full'}-${format?.toLowerCase() ?? 'stored'}`;
  return `${projectPrefix(projectId)}/variants/${sha256.slice(0, 2)}/${name}`;
}

/** The parts of a key of an original or of a variant; null for any other key. */
export function readKey(key: string): {
  readonly key: string;
  readonly projectId: string;
  readonly sha256: string;
  readonly isOriginal: boolean;
} | null {
  const [, projectId = '', kind, sha256 = ''] =
    /^projects\/([0-9a-f-]{36})\/(blobs|variants)\/[0-9a-f]{2}\/([0-9a-f]{64})(?:-[a-z0-9-]+)?$/.exec(key) ??
    [];
  return kind === undefined ? null : { key, projectId, sha256, isOriginal: kind === 'blobs' };
}

/** The prefix under which version 0.1 kept one copy of each picture for all projects. */
export const unsortedPrefix = 'blobs';

/** The key of a picture that is not sorted by project yet. */
export function unsortedKey(sha256: string): string {
  return `${unsortedPrefix}/${sha256.slice(0, 2)}/${sha256}`;
}
