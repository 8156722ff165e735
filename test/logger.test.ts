import { expect, it } from '@jest/globals';
import { createLogger } from '../src/logger.ts';
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
