import { describe, expect, it } from '@jest/globals';
import { checkCharacter } from '../../../src/features/characters/check-character.ts';

type Input = Parameters<typeof checkCharacter>[0];

describe('the fields of a character', () => {
  it('that are not there stay away, and those that are there are trimmed', () => {
    expect(checkCharacter({})).toEqual({});
    expect(checkCharacter({ name: ' Mara ', tags: [' hero '] })).toEqual({ name: 'Mara', tags: ['hero'] });
    expect(Object.keys(checkCharacter({ description: undefined, name: undefined }))).toEqual([]);
  });

  it.each(['description', 'appearance', 'negativePrompt'] as const)(
    '%s is none when it is null, empty or blank',
    (field) => {
      for (const none of [null, '', ' \n '])
        expect(checkCharacter({ [field]: none })).toEqual({ [field]: null });
    },
  );

  it('tags are none when they are null', () => {
    expect(checkCharacter({ tags: null })).toEqual({ tags: [] });
  });

  it.each<[keyof Input, number]>([
    ['name', 200],
    ['description', 5_000],
    ['appearance', 2_000],
    ['negativePrompt', 2_000],
  ])('%s has at most %d characters once trimmed', (field, maximum) => {
    const longest = 'x'.repeat(maximum);
    expect(checkCharacter({ [field]: ` ${longest} ` })).toEqual({ [field]: longest });
    expect(() => checkCharacter({ [field]: `${longest}x` })).toThrow(
      expect.objectContaining({ code: 'INVALID_INPUT', path: ['input', field] }),
    );
  });

  it.each([null, '', '  ', '\u200b\u2060'])('a name is needed where it is there: %j is none', (name) => {
    expect(() => checkCharacter({ name })).toThrow(expect.objectContaining({ path: ['input', 'name'] }));
  });

  it('fifty tags of fifty characters are the most, and the wrong one is named by its place', () => {
    const tags = Array.from({ length: 50 }, (_, index) => `${index}`.padEnd(50, 'x'));
    expect(checkCharacter({ tags })).toEqual({ tags });
    expect(() => checkCharacter({ tags: [...tags, 'one more'] })).toThrow(
      'tags must have at most 50 items; got 51.',
    );
    for (const wrong of ['', ' ', 'x'.repeat(51), 'a\0b'])
      expect(() => checkCharacter({ tags: ['right', wrong] })).toThrow(
        expect.objectContaining({ path: ['input', 'tags', 1] }),
      );
  });

  it('a tag that is given twice counts once, in whatever form', () => {
    expect(checkCharacter({ tags: ['a', 'e\u0301', ' a ', '\u00e9', 'A'] })).toEqual({
      tags: ['a', '\u00e9', 'A'],
    });
  });

  it.each(['name', 'description', 'appearance', 'negativePrompt'] as const)(
    '%s holds only what can be stored',
    (field) => {
      for (const text of ['a\0b', 'a\ud800b'])
        expect(() => checkCharacter({ [field]: text })).toThrow(
          expect.objectContaining({ path: ['input', field] }),
        );
    },
  );
});
