import { readEnvFile } from './env-file.ts';

/*
 * Loaded before a program by the npm scripts that start something of ours (`node --import`). What is set already wins, also
 * when it is set to nothing. The built programs themselves read no file: a container or a service manager sets variables.
 */
const path = '.env';
try {
  for (const [name, value] of Object.entries(readEnvFile(path))) process.env[name] ??= value;
} catch (error) {
  process.stderr.write(`Dramatis cannot start: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
