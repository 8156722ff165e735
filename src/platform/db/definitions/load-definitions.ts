import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toError } from '../../../errors.ts';
import type { Session } from '../migrations/session.ts';
import { type Definition, readDefinitions, titleOf } from './read-definitions.ts';

/** A definition, with its text in the file. */
export interface Kept extends Definition {
  /** The `CREATE OR REPLACE` of the file. */
  readonly statement: string;
}

/** In the order in which they are loaded: views may call functions, and triggers may depend on views. */
const folders = ['functions', 'views', 'triggers'];

/**
 * Replaces all definitions of a database by those of the files in `prisma`, and resolves to the new definitions. Column
 * defaults that call functions are lost, so the database must be a temporary one. Throws an Error that names the file
 * when a file cannot be loaded, or when its definition belongs to another file.
 */
export async function loadDefinitions(session: Session, prisma: string): Promise<Kept[]> {
  const statements = await readStatements(prisma);
  await dropDefinitions(session, ['TRIGGER', 'VIEW', 'FUNCTION']);
  // A function may call one that is loaded after it.
  await session.query('SET check_function_bodies = off');
  const kept: Kept[] = [];
  for (const { file, statement } of statements) {
    await execute(session, file, statement);
    const titles = new Set(kept.map(titleOf));
    const made = (await readDefinitions(session)).filter((each) => !titles.has(titleOf(each)));
    const misplaced = made.find((each) => each.file !== file);
    if (misplaced)
      throw new Error(`prisma/${file}: ${titleOf(misplaced)} belongs to prisma/${misplaced.file}`);
    if (made.length === 0) throw new Error(`prisma/${file}: a statement defines what is defined already`);
    kept.push(...made.map((each) => ({ ...each, statement })));
  }
  // Now that all functions exist, their bodies are checked.
  await session.query('RESET check_function_bodies');
  for (const { file, statement } of statements) await execute(session, file, statement);
  return kept;
}

/** Drops all definitions of the given kinds, and everything that depends on them. */
export async function dropDefinitions(session: Session, kinds: readonly Definition['kind'][]): Promise<void> {
  const definitions = await readDefinitions(session);
  for (const kind of kinds)
    for (const { name } of definitions.filter((each) => each.kind === kind))
      await session.query(`DROP ${kind} IF EXISTS ${name} CASCADE`);
}

interface Statement {
  readonly file: string;
  readonly statement: string;
}

async function readStatements(prisma: string): Promise<Statement[]> {
  const statements: Statement[] = [];
  for (const folder of folders)
    for (const name of (await readdir(join(prisma, folder))).sort()) {
      const file = `${folder}/${name}`;
      const [header = '', ...parts] = (await readFile(join(prisma, file), 'utf8')).split(
        /^(?=CREATE OR REPLACE )/m,
      );
      if (!/^(--.*\n)+$/.test(header) || parts.length === 0)
        throw new Error(`prisma/${file}: a file is a comment, and CREATE OR REPLACE statements after it`);
      statements.push(...parts.map((part) => ({ file, statement: part.trim() })));
    }
  return statements;
}

async function execute(session: Session, file: string, statement: string): Promise<void> {
  try {
    await session.query(statement);
  } catch (error) {
    throw new Error(`prisma/${file}: ${toError(error).message}`, { cause: error });
  }
}
