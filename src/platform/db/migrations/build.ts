import { readFileSync } from 'node:fs';
import { z } from 'zod';

const packageFile = new URL('../../../../package.json', import.meta.url);

/** The version of this build, as package.json names it. */
export const buildVersion = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(packageFile, 'utf8'))).version;

/** Whether a version is older than another one. A pre-release counts as the release that it precedes. */
export function isOlder(version: string, than: string): boolean {
  const release = (text: string) => text.replace(/-.*$/, '');
  return release(version).localeCompare(release(than), 'en', { numeric: true }) < 0;
}
