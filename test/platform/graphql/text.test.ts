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
