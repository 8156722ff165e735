import { crc32, deflateSync } from 'node:zlib';
import { type Chromaticity, type Colours, iccProfile } from './icc-profile.ts';
import { headersOfPng } from './png-chunks.ts';

/*
 * A PNG may define its colours without a profile: by a gamma (`gAMA`) and by the colours of its primaries (`cHRM`).
 * Browsers use them. The picture library ignores both, so a picture that it encodes again would be darker or paler.
 */

/** These chunks have precedence: beside one of them, `gAMA` and `cHRM` are ignored. */
const better = ['iCCP', 'sRGB', 'cICP'];
const scale = 100_000;
/** The gamma of sRGB, as files round it. A difference of up to a twentieth counts as the same gamma. */
const usualGamma = 2.2;
const gammaTolerance = 0.05;
const chromaticityTolerance = 0.01;
const srgb: Pick<Colours, 'white' | 'primaries'> = {
  white: [0.3127, 0.329],
  primaries: [
    [0.64, 0.33],
    [0.3, 0.6],
    [0.15, 0.06],
  ],
};
/** The size of the signature and the first chunk, in bytes. */
const beginning = 33;

/**
 * Adds a profile to a PNG whose colours are defined by `gAMA` or `cHRM`: the profile defines the same colours, and the
 * picture library uses it. All other bytes, and a PNG in sRGB, are returned unchanged.
 */
export function withColourProfile(bytes: Buffer): Buffer {
  const profile = profileOf(bytes);
  if (!profile) return bytes;
  // Not compressed, because libpng refuses a chunk of less than 92 bytes as too short.
  const body = Buffer.concat([Buffer.from('colours\0\0', 'latin1'), deflateSync(profile, { level: 0 })]);
  const named = Buffer.concat([Buffer.from('iCCP', 'latin1'), body]);
  const [size, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  size.writeUInt32BE(body.length);
  check.writeUInt32BE(crc32(named));
  return Buffer.concat([bytes.subarray(0, beginning), size, named, check, bytes.subarray(beginning)]);
}

function profileOf(bytes: Buffer): Buffer | null {
  const headers = headersOfPng(bytes);
  if (better.some((name) => headers.has(name))) return null;
  const gamma = readGamma(headers.get('gAMA'));
  const chromaticities = readChromaticities(headers.get('cHRM'));
  if (gamma === null && chromaticities === null) return null;
  if (isUsualGamma(gamma) && isSrgb(chromaticities ?? srgb)) return null;
  const isGrey = [0, 4].includes(headers.get('IHDR')?.[9] ?? 0);
  const colours = { gamma: gamma ?? usualGamma, isGrey };
  const own = chromaticities && iccProfile({ ...colours, ...chromaticities });
  return own ?? iccProfile({ ...colours, ...srgb });
}

/** The gamma; null when there is none, or a value that no real picture has. */
function readGamma(body: Buffer | undefined): number | null {
  const stored = body?.length === 4 ? body.readUInt32BE() : 0;
  return stored >= scale / 10 && stored <= scale * 10 ? scale / stored : null;
}

function readChromaticities(body: Buffer | undefined): Pick<Colours, 'white' | 'primaries'> | null {
  if (body?.length !== 32) return null;
  const at = (index: number): Chromaticity => [
    body.readUInt32BE(index * 8) / scale,
    body.readUInt32BE(index * 8 + 4) / scale,
  ];
  const all = [at(0), at(1), at(2), at(3)];
  if (all.some(([x, y]) => y <= 0 || x + y > 1)) return null;
  return { white: at(0), primaries: [at(1), at(2), at(3)] };
}

function isUsualGamma(gamma: number | null): boolean {
  return gamma === null || Math.abs(gamma / usualGamma - 1) <= gammaTolerance;
}

function isSrgb({ white, primaries }: Pick<Colours, 'white' | 'primaries'>): boolean {
  const difference = [white, ...primaries].flat().map((each, at) => each - (srgbNumbers[at] ?? 0));
  return difference.every((each) => Math.abs(each) <= chromaticityTolerance);
}

const srgbNumbers = [srgb.white, ...srgb.primaries].flat();
