import { readEnvFile } from './env-file.ts';

/*
 * The npm scripts that start a program of ours load this module before it (`node --import`). A variable that is
 * already set wins over the file, also when it is empty. The built programs read no file themselves, because a
 * container or a service manager sets their variables.
 */
const path = '.env';
try {
  for (const [name, value] of Object.entries(readEnvFile(path))) process.env[name] ??= value;
} catch (error) {
  process.stderr.write(`Dramatis cannot start: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
