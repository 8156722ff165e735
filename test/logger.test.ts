import { spawn } from 'node:child_process';
import { open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { createLogger, createRepeats } from '../src/logger.ts';
import { delay } from './support/delay.ts';
import { eventually } from './support/eventually.ts';
import { mountFolder } from './support/faulty-storage.ts';
import { randomTexts } from './support/texts.ts';

function logged(write: (log: ReturnType<typeof createLogger>) => void): string[] {
  const lines: string[] = [];
  write(createLogger('trace', { write: (line) => void lines.push(line) }));
  return lines;
}

it('writes any text as one line of JSON in which a terminal finds nothing to obey', () => {
  const texts = [...randomTexts(6, 2_000), '\u001b[2J\u009b31m\u007f\0\r\n\u2028\u202e"\\'];
  const lines = logged((log) => {
    for (const text of texts) {
      const error = Object.assign(new Error(text, { cause: new Error(text) }), { detail: text, code: text });
      log.child({ text }).warn({ err: error, words: { text, [text]: text } }, text);
    }
  });
  expect(lines).toHaveLength(texts.length);
  const isSound = (line: string, place: number) => {
    const told = JSON.parse(line) as { msg: string; words: { text: string }; err: { detail: string } };
    return (
      line.endsWith('}\n') &&
      !/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(line.slice(0, -1)) &&
      line.isWellFormed() &&
      [told.msg, told.words.text, told.err.detail].every((each) => each === texts[place])
    );
  };
  const wrong = lines.filter((line, place) => !isSound(line, place));
  expect(wrong.slice(0, 3).map((line) => encodeURI(line.toWellFormed()).slice(0, 500))).toEqual([]);
});

/** Logs a line each 20 ms, for as long as it is let. */
const program = (lines: number) => `
  import { delay } from ${JSON.stringify(new URL('./support/delay.ts', import.meta.url).href)};
  import { createLogger } from ${JSON.stringify(new URL('../dist/logger.js', import.meta.url).href)};
  const log = createLogger('info');
  for (let line = 0; line < ${lines}; line += 1) {
    log.info({ line }, 'x'.repeat(2_000));
    await delay(20);
  }
  process.exit(7);`;

async function runInto(path: string, lines: number): Promise<{ ended: Promise<number | null> }> {
  const file = await open(path, 'a');
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program(lines)], {
    stdio: ['ignore', file.fd, 'inherit'],
  });
  await file.close();
  return { ended: new Promise((resolve) => child.once('exit', resolve)) };
}

it('a device that is always full ends nothing', async () => {
  const { ended } = await runInto('/dev/full', 30);
  expect(await ended).toBe(7);
});

it('lines that found no room on the disk are written when there is room again', async () => {
  const disk = await mountFolder(join(tmpdir(), `dramatis-log-${process.pid}`), 2 * 1_048_576);
  try {
    // Without a mount it cannot be made full.
    if (!disk.isMounted) return;
    const path = join(disk.folder, 'log');
    const { ended } = await runInto(path, 100);
    await eventually('some lines', async () => (await readFile(path)).length > 20_000);
    await disk.faults.full.begin();
    // Some 25 lines find no room meanwhile.
    await delay(500);
    await disk.faults.full.end();
    expect(await ended).toBe(7);
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).line)).toEqual(
      Array.from({ length: 100 }, (_, line) => line),
    );
  } finally {
    await disk.close();
    await rm(disk.folder, { recursive: true, force: true });
  }
});

it('tells the same of a thing once, until something else is told of it', () => {
  const repeats = createRepeats();
  expect(['a', 'a', 'b', 'a'].map((message) => repeats.levelOf('one', message))).toEqual([
    'warn',
    'debug',
    'warn',
    'warn',
  ]);
  expect(repeats.levelOf('another', 'a')).toBe('warn');
  repeats.forget('one');
  expect(repeats.levelOf('one', 'a')).toBe('warn');
});
