/** Chance that repeats itself: the same seed draws the same. */
export type Chance = () => number;

/** A number from 0 to below 1 at each call (mulberry32). */
export function seeded(seed: number): Chance {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What texts are drawn from: ranges of UTF-16 units, and whole sequences. */
const ranges: readonly (readonly [from: number, to: number])[] = [
  [0x20, 0x7e],
  [0x00, 0x1f],
  [0x00, 0x00],
  [0x7f, 0x9f],
  [0xa0, 0x24f],
  [0x300, 0x36f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0x4e00, 0x9fff],
  [0xd800, 0xdbff],
  [0xdc00, 0xdfff],
  [0xfdd0, 0xfdef],
  [0xfeff, 0xfeff],
  [0xfff9, 0xffff],
  [0x0000, 0xffff],
];
const sequences = [
  '😀',
  '👩🏽‍🚀',
  '🇨🇭',
  'e\u0301',
  '\r\n',
  '\u{10ffff}',
  '\u{1fffe}',
  '\ud800\ud800',
  '\udc00\ud83d',
  '\\u0000',
  '\\ud800',
  '\u001b[2J\u001b]0;owned\u0007',
  '\u202egnp.exe\u202c',
  '"}],[{"',
  "';--",
  '%00',
  '%ff',
];

/** Draws random UTF-16: mostly short, some just around the lengths at which texts are cut, a few very long. */
export function randomText(chance: Chance): string {
  const draw = chance();
  const length =
    draw < 0.85
      ? Math.floor(chance() * 40)
      : draw < 0.995
        ? ([190, 490, 990][Math.floor(chance() * 3)] ?? 0) + Math.floor(chance() * 20)
        : 5_000 + Math.floor(chance() * 20_000);
  // Some texts are of one kind, so that a cut falls into the middle of one of many pairs.
  const only = chance() < 0.3 ? pieceKind(chance) : undefined;
  let text = chance() < 0.2 ? 'a' : '';
  while (text.length < length) text += piece(chance, only ?? pieceKind(chance));
  return text;
}

function pieceKind(chance: Chance): number {
  return Math.floor(chance() * (ranges.length + 6));
}

function piece(chance: Chance, kind: number): string {
  const range = ranges[kind];
  if (range) {
    const [from, to] = range;
    return String.fromCharCode(from + Math.floor(chance() * (to - from + 1)));
  }
  return sequences[Math.floor(chance() * sequences.length)] ?? '';
}

/** So many of them. */
export function randomTexts(seed: number, count: number): string[] {
  const chance = seeded(seed);
  return Array.from({ length: count }, () => randomText(chance));
}
