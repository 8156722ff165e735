import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { errorCode } from '../errors.ts';

/*
 * `npm start` loads the file with `node --import`, and `dist/main.js` reads no file. So tests do not read a developer's
 * file, and a container has only the variables that it was given. Each line is parsed separately: Node continues an
 * unclosed quote in later lines, and skips lines that it cannot read. A skipped line could be the line with the
 * provider's key, and then all runs would be simulated. So such a file is refused.
 *
 * Own code around Node's `parseEnv`, beside `--env-file-if-exists` and `process.loadEnvFile`. Node 24 skips lines that
 * it cannot read, and starts. Tried with SEGMIND_API_KEY in the next line: an unclosed quote takes that line into its
 * own value, `NAME value` without the equals sign sets nothing, and a byte order mark hides the first line. A server
 * that starts without its key, or with a default instead of the setting, is worse than a server that does not start.
 */

/**
 * The settings of an environment file, as Node reads them; none without a file. Throws an Error of one line when the
 * file cannot be read, or a line is no setting. The error names the file, and the number of the line if there is one.
 */
export function readEnvFile(path: string): Readonly<Record<string, string>> {
  let text: string;
  try {
    // Some editors write a byte order mark first, which Node would read as a part of the first name.
    text = readFileSync(path, 'utf8').replace(/^\ufeff/, '');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return {};
    throw new Error(`${path} cannot be read (${errorCode(error)}).`);
  }
  const values: Record<string, string> = {};
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const problem = problemOf(line);
    // The error does not repeat the line, because it may contain a key.
    if (problem !== null) throw new Error(`${path}, line ${index + 1}: ${problem}`);
    Object.assign(values, parseEnv(line));
  }
  return values;
}

/**
 * The problem of a line; null for a valid one. An unclosed quote is a problem, because Node continues it in later
 * lines.
 */
function problemOf(line: string): string | null {
  if (/^\s*(#|$)/.test(line)) return null;
  if (!/^[ \t]*(export[ \t]+)?[A-Za-z_]\w*[ \t]*=/.test(line))
    return 'a line must be NAME=value, or begin with #.';
  const value = line.slice(line.indexOf('=') + 1).trim();
  const [quote = ''] = /^["'`]/.exec(value) ?? [];
  if (quote === '' || new RegExp(`^${quote}[^${quote}]*${quote}\\s*(#|$)`).test(value)) return null;
  return `the value begins with ${quote} and must end with ${quote} in the same line.`;
}
