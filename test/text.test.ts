import { describe, expect, it } from '@jest/globals';
import { cleanText, cutText, isIdentity, oneLine } from '../src/text.ts';
import { randomTexts } from './support/texts.ts';

const family = '👩🏽‍🚀';

describe('isIdentity', () => {
  it.each(['', 'mara', 'auth0|5f7c8ec7c33c6c004bbafe82', 'Ünï cødé', '用户', family, 'a\u200fb', ' a '])(
    'takes %j',
    (text) => {
      expect(isIdentity(text)).toBe(true);
    },
  );

  it.each([
    ['NUL', 'a\0'],
    ['a control character', 'a\u0001'],
    ['a line break', 'a\nb'],
    ['a tab', 'a\tb'],
    ['DEL', 'a\u007f'],
    ['a control character of eight bits', 'a\u009b31m'],
    ['a separator of lines', 'a\u2028b'],
    ['a separator of paragraphs', 'a\u2029b'],
    ['text turned around', 'a\u202eb'],
    ['isolated text', 'a\u2066b'],
    ['half of a pair', 'a\ud83d'],
    ['the other half', '\ude00a'],
    ['what a decoder could not read', 'a\ufffd'],
  ])('does not take %s', (_, text) => {
    expect(isIdentity(text)).toBe(false);
  });
});

describe('oneLine', () => {
  it.each([
    ['a\r\n\tb', 'a b'],
    ['\u2028a\u2029\u0085b\v', 'a b'],
    ['\u001b[31mred\u001b[0m', '[31mred [0m'],
    ['a\0b\u007fc\u009bd', 'a b c d'],
    ['abc\u202egnp\u202c', 'abc gnp'],
    ['a\ud83db\ude00', 'a\ufffdb\ufffd'],
    [`  ${family} e\u0301  `, `${family} e\u0301`],
    ['\0 \n', ''],
  ])('%j is %j', (text, line) => {
    expect(oneLine(text)).toBe(line);
  });
});

describe('cutText', () => {
  it.each([
    ['abc', 5, 'abc'],
    ['abc', 3, 'abc'],
    ['abc', 2, 'ab'],
    ['a😀', 3, 'a😀'],
    ['a😀', 2, 'a'],
    ['😀', 1, ''],
    ['abc', 0, ''],
  ])('%j at %i is %j', (text, maximum, cut) => {
    expect(cutText(text, maximum)).toBe(cut);
  });
});

it('any text is clean after cleaning, cut in no character, and the same when it is cleaned again', () => {
  const wrong = randomTexts(1, 10_000).filter((text) => {
    const clean = cleanText(text, 500);
    const isClean =
      clean.isWellFormed() &&
      clean.length <= 500 &&
      !/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(clean) &&
      oneLine(text).startsWith(clean);
    return (
      !isClean || cleanText(clean, 500) !== clean.trim() || !cutText(text.toWellFormed(), 33).isWellFormed()
    );
  });
  expect(wrong).toEqual([]);
});
