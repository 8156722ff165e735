import { describe, expect, it } from '@jest/globals';
import { checkIdentity, checkText } from '../../../src/platform/graphql/text.ts';

const path = ['input', 'key'];
const limits = { maximum: 20 };

describe('checkText', () => {
  it.each([
    ['a\0', 'key must not contain the NUL character.'],
    ['a\ud800', 'key must be well-formed Unicode: it holds half a surrogate pair.'],
    ['x'.repeat(21), 'key must have from 0 to 20 characters; got 21.'],
  ])('refuses %j', (text, message) => {
    expect(() => checkText(path, text, limits)).toThrow(message);
  });

  it.each([
    ['emoji', '😀'.repeat(20)],
    ['families', '👩‍👩‍👧'.repeat(20)],
    ['letters with accents', 'e\u0301'.repeat(20)],
    ['flags', '🇫🇷'.repeat(20)],
  ])('counts %s as people do', (_, text) => {
    expect(checkText(path, text, limits)).toBe(text.normalize('NFC'));
    expect(() => checkText(path, `${text}x`, limits)).toThrow('from 0 to 20 characters; got 21');
  });

  it('has an end for accents as well', () => {
    expect(() => checkText(path, `e${'\u0323'.repeat(1_000)}`, limits)).toThrow('got 125');
  });

  it.each(['\u200b', '\u2800\u00a0', '\ufe0f', '\u3164', '\u0007', '\u2060\ufeff'])(
    'counts %j as nothing',
    (text) => {
      expect(checkText(path, text, limits)).toBe('');
      expect(() => checkText(path, text, { minimum: 1, ...limits })).toThrow('got 0');
    },
  );

  it('makes texts equal that look alike', () => {
    expect(checkText(path, 'Ame\u0301lie', limits)).toBe(checkText(path, 'Am\u00e9lie', limits));
    expect(checkIdentity(path, 'Ame\u0301lie', limits)).toBe('Am\u00e9lie');
  });

  it('trims prose, and leaves what is in it', () => {
    expect(checkText(path, ' one\ntwo \u0007 ', limits)).toBe('one\ntwo \u0007');
  });
});

describe('checkIdentity', () => {
  it.each(['a', 'order 7', '用户-😀'])('takes %j as it is', (text) => {
    expect(checkIdentity(path, text, limits)).toBe(text);
  });

  it.each([
    '',
    ' a',
    'a ',
    'a\n',
    'a\tb',
    'a\0',
    'a\u0085b',
    'a\u202eb',
    'a\ud800',
    'a\ufffd',
    'x'.repeat(21),
  ])('refuses %j, and repairs nothing', (text) => {
    expect(() => checkIdentity(path, text, limits)).toThrow(/^key must/);
  });
});
