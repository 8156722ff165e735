import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { errorCode } from '../errors.ts';

/*
 * `npm start` loads the file with `node --import`, and `dist/main.js` reads no file. So a developer's file reaches
 * no test, and a container has the variables that it was given. Each line is read by itself: Node takes a quote that
 * is never closed for one that ends lines later, and passes over what it cannot read. A line that was passed over
 * could be the one with the provider's key, and then everything would be simulated; so such a file is refused.
 *
 * Own code around Node's `parseEnv`, beside `--env-file-if-exists` and `process.loadEnvFile`. Node 24 passes over what it
 * cannot read and starts all the same. Tried with SEGMIND_API_KEY in the next line: a quote that is never closed takes that
 * line into its own value, `NAME value` without the equals sign sets nothing, and a byte order mark hides the first line. A
 * server that starts without its key, or with a default instead of the setting, is worse than one that does not start.
 */

/**
 * The settings of an environment file, as Node reads them; none where there is no file. Throws an Error of one line that
 * names the file, and where it can the line, when it cannot be read or a line is no setting: a line that was passed over
 * could have been the one with the provider's key.
 */
export function readEnvFile(path: string): Readonly<Record<string, string>> {
  let text: string;
  try {
    // Some editors put a byte order mark in front, which Node would take for a part of the first name.
    text = readFileSync(path, 'utf8').replace(/^\ufeff/, '');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return {};
    throw new Error(`${path} cannot be read (${errorCode(error)}).`);
  }
  const values: Record<string, string> = {};
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const problem = problemOf(line);
    // Not the line itself: it may hold a key.
    if (problem !== null) throw new Error(`${path}, line ${index + 1}: ${problem}`);
    Object.assign(values, parseEnv(line));
  }
  return values;
}

/** Each line is read by itself: Node takes a quote that is never closed for one that ends in a later line. */
function problemOf(line: string): string | null {
  if (/^\s*(#|$)/.test(line)) return null;
  if (!/^[ \t]*(export[ \t]+)?[A-Za-z_]\w*[ \t]*=/.test(line))
    return 'a line must be NAME=value, or begin with #.';
  const value = line.slice(line.indexOf('=') + 1).trim();
  const [quote = ''] = /^["'`]/.exec(value) ?? [];
  if (quote === '' || new RegExp(`^${quote}[^${quote}]*${quote}\\s*(#|$)`).test(value)) return null;
  return `the value must end with the ${quote} with which it begins, in the same line.`;
}
