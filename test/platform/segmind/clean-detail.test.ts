import { describe, expect, it } from '@jest/globals';
import { cleanDetail } from '../../../src/platform/segmind/clean-detail.ts';

const key = 'SG_0123456789abcdef';

describe('cleanDetail', () => {
  it.each([
    ['the key', `The key ${key} is bad`, 'The key [key] is bad'],
    ['another key', 'Not SG_fedcba9876543210!', 'Not [key]!'],
    ['the start of a key', 'Not SG_fedc', 'Not [key]'],
    [
      'a picture',
      `Bad image data:image/png;base64,${'iVBORw0KGgo'.repeat(50)}==`,
      'Bad image data:image/png;base64,[data]',
    ],
    ['control characters, also where a key is in two', `a\0b ${key.slice(0, 9)} \u001b[0m`, 'a b [key] [0m'],
    ['the direction of text', 'a\u202egnp\u202c', 'a gnp'],
    ['halves of surrogate pairs', 'a\ud83d', 'a\ufffd'],
    ['line breaks', '  Bad\r\n\tprompt ', 'Bad prompt'],
  ])('takes out %s', (_, text, clean) => {
    expect(cleanDetail(text, key)).toBe(clean);
  });

  it('takes out a key of any shape', () => {
    expect(cleanDetail('Bad key: p4ss+w0rd.', 'p4ss+w0rd')).toBe('Bad key: [key].');
  });

  it('cuts after cleaning, so that no half of a key is left at the end', () => {
    const text = `${'a '.repeat(245)}${key}${' b'.repeat(100)}`;
    expect(cleanDetail(text, key)).toHaveLength(500);
    expect(cleanDetail(text, key)).not.toContain('SG_');
  });

  it('cuts between characters', () => {
    expect(cleanDetail(`${'a '.repeat(249)}a😀`, key)).toBe(`${'a '.repeat(249)}a`);
  });

  it('is null when nothing is left', () => {
    expect(cleanDetail(' \n ', key)).toBeNull();
  });
});
