/** A colour as x and y of CIE 1931. */
export type Chromaticity = readonly [x: number, y: number];

/** How the numbers of pixels become colours. */
export interface Colours {
  /** The exponent by which a number becomes light. */
  readonly gamma: number;
  readonly isGrey: boolean;
  readonly white: Chromaticity;
  readonly primaries: readonly [red: Chromaticity, green: Chromaticity, blue: Chromaticity];
}

type Triple = readonly [number, number, number];
type Matrix = readonly [Triple, Triple, Triple];

/** The white point that profiles are relative to, as X, Y and Z. */
const d50: Triple = [0.9642, 1, 0.8249];
/** The Bradford matrix: how the eye's receptors respond to X, Y and Z. */
const receptors: Matrix = [
  [0.8951, 0.2664, -0.1614],
  [-0.7502, 1.7135, 0.0367],
  [0.0389, -0.0685, 1.0296],
];
const headerBytes = 128;

/** An ICC profile (version 4) for `colours`; null when the values cannot be those of real colours. */
export function iccProfile({ gamma, isGrey, white, primaries }: Colours): Buffer | null {
  const curve = tag('para', 0, gamma);
  if (isGrey) return profile('GRAY', [['kTRC', curve]]);
  const columns = primariesAtD50(white, primaries);
  if (!columns?.flat().every((each) => Math.abs(each) < 100)) return null;
  const [red, green, blue] = columns.map((xyz) => tag('XYZ ', ...xyz));
  if (!red || !green || !blue) return null;
  const curves = ['rTRC', 'gTRC', 'bTRC'].map((name) => [name, curve] as const);
  return profile('RGB ', [['rXYZ', red], ['gXYZ', green], ['bXYZ', blue], ...curves]);
}

/** X, Y and Z of each primary at full strength, when white is D50. */
function primariesAtD50(white: Chromaticity, primaries: Colours['primaries']): Matrix | null {
  const [red, green, blue] = primaries;
  const directions = transpose([xyzOf(red), xyzOf(green), xyzOf(blue)]);
  const strengths = solve(directions, xyzOf(white));
  if (!strengths) return null;
  const [from, to] = [times(receptors, xyzOf(white)), times(receptors, d50)];
  const adapt = (xyz: Triple) => {
    const answer = times(receptors, xyz);
    return solve(receptors, [
      (answer[0] * to[0]) / from[0],
      (answer[1] * to[1]) / from[1],
      (answer[2] * to[2]) / from[2],
    ]);
  };
  const columns = primaries.map((primary, at) => {
    const [x, y, z] = xyzOf(primary);
    const strength = strengths[at] ?? 0;
    return adapt([x * strength, y * strength, z * strength]);
  });
  const [r, g, b] = columns;
  return r && g && b ? [r, g, b] : null;
}

function xyzOf([x, y]: Chromaticity): Triple {
  return [x / y, 1, (1 - x - y) / y];
}

function transpose([a, b, c]: Matrix): Matrix {
  return [
    [a[0], b[0], c[0]],
    [a[1], b[1], c[1]],
    [a[2], b[2], c[2]],
  ];
}

function times(matrix: Matrix, [x, y, z]: Triple): Triple {
  const [a, b, c] = matrix.map((row) => row[0] * x + row[1] * y + row[2] * z);
  return [a ?? 0, b ?? 0, c ?? 0];
}

/** The vector that multiplied by the matrix gives `result`, by Cramer's rule; null when there is not exactly one. */
function solve(matrix: Matrix, result: Triple): Triple | null {
  const [a, b, c] = transpose(matrix);
  const whole = determinant(a, b, c);
  if (!(Math.abs(whole) > 1e-9)) return null;
  return [
    determinant(result, b, c) / whole,
    determinant(a, result, c) / whole,
    determinant(a, b, result) / whole,
  ];
}

function determinant(a: Triple, b: Triple, c: Triple): number {
  return (
    a[0] * (b[1] * c[2] - b[2] * c[1]) -
    a[1] * (b[0] * c[2] - b[2] * c[0]) +
    a[2] * (b[0] * c[1] - b[1] * c[0])
  );
}

/** A tag's body: its type, four reserved bytes, and fixed-point numbers with sixteen bits after the point. */
function tag(type: string, ...numbers: readonly number[]): Buffer {
  const body = Buffer.alloc(8 + numbers.length * 4);
  body.write(type, 'latin1');
  numbers.forEach((each, at) => {
    body.writeInt32BE(Math.round(each * 65_536), 8 + at * 4);
  });
  return body;
}

function profile(space: 'RGB ' | 'GRAY', tags: readonly (readonly [name: string, body: Buffer])[]): Buffer {
  const table = Buffer.alloc(4 + tags.length * 12);
  table.writeUInt32BE(tags.length);
  let end = headerBytes + table.length;
  tags.forEach(([name, body], index) => {
    const at = 4 + index * 12;
    table.write(name, at, 'latin1');
    table.writeUInt32BE(end, at + 4);
    table.writeUInt32BE(body.length, at + 8);
    end += body.length;
  });
  const header = Buffer.alloc(headerBytes);
  header.writeUInt32BE(end);
  header.writeUInt32BE(0x04_00_00_00, 8);
  header.write(`mntr${space}XYZ `, 12, 'latin1');
  header.write('acsp', 36, 'latin1');
  tag('XYZ ', ...d50).copy(header, 68, 8);
  return Buffer.concat([header, table, ...tags.map(([, body]) => body)]);
}
