import { basename, dirname } from 'node:path';

/** A test file, and what it says. */
export interface TestFile {
  readonly file: string;
  readonly text: string;
}

/**
 * Test files in the order in which they may notice a change of a module: the one that mirrors it, those that import it, those
 * beside its mirror, those that mention what it exports, with how often, and the others.
 */
export function byRelation(module: string, source: string, tests: readonly TestFile[]): string[] {
  const path = module.replace(/^src\//, '').replace(/\.ts$/, '');
  const names = namesOf(path, source);
  const mentions = new RegExp(`\\b(?:${names.join('|')})\\b`, 'g');
  const ranked = tests.map(({ file, text }) => ({ file, rank: rankOf(path, file, text, mentions) }));
  return ranked
    .sort((one, other) => other.rank - one.rank || (one.file < other.file ? -1 : 1))
    .map(({ file }) => file);
}

function rankOf(path: string, file: string, text: string, mentions: RegExp): number {
  if (file === `test/${path}.test.ts`) return 4_000;
  if (text.includes(`/src/${path}.ts'`)) return 3_000;
  if (dirname(file) === `test/${dirname(path)}`) return 2_000;
  return Math.min(text.match(mentions)?.length ?? 0, 1_000);
}

/** What a test may call it by: the file's name as a mutation has it, and what it exports. */
function namesOf(path: string, source: string): string[] {
  const words = basename(path).replace(/\..*$/, '');
  const camel = words.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  const exported = [...source.matchAll(/^export (?:async )?(?:function\*?|const|class) (\w+)/gm)];
  return [camel, ...exported.map(([, name]) => name ?? camel)];
}
