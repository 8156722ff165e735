import { resolve, sep } from 'node:path';
import { errorCode, toError } from './errors.ts';

/** Reasons in words for the file system's error codes, because a code alone does not say what an operator must do. */
const reasons: Readonly<Record<string, string>> = {
  EEXIST: 'it exists and is not a folder',
  ENOTDIR: 'it exists and is not a folder',
  ENOENT: 'nothing can be created there',
  ELOOP: 'a symbolic link leads to itself',
  EACCES: 'the user of this process must be able to write there',
  EPERM: 'the user of this process must be able to write there',
  EROFS: 'its file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
};

/**
 * Turns an error of the file system about DATA_DIR, a path in it or a path above it, into an Error of one line. The
 * line names the setting, the path and the reason. Any other error is returned unchanged.
 */
export function explainDataFolder(error: unknown, dataDirectory: string): Error {
  const cause = toError(error);
  const code = errorCode(error);
  const path = 'path' in cause && typeof cause.path === 'string' ? resolve(cause.path) : null;
  if (
    code === undefined ||
    path === null ||
    !(isWithin(path, dataDirectory) || isWithin(dataDirectory, path))
  )
    return cause;
  const place = path === dataDirectory ? '' : `${path}: `;
  const reason = reasons[code] ?? cause.message;
  return new Error(`DATA_DIR ${dataDirectory} cannot be used: ${place}${reason} (${code}).`, { cause });
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`);
}
