import { crc32, deflateSync } from 'node:zlib';
import { type Chromaticity, type Colours, iccProfile } from './icc-profile.ts';
import { headersOfPng } from './png-chunks.ts';

/*
 * A PNG may say what its numbers mean without a profile: by a gamma (`gAMA`) and by the colours of its primaries (`cHRM`).
 * Browsers follow that. The picture library ignores both, so a picture that it writes anew would be darker or paler.
 */

/** These say it better, so the others are ignored beside one of them. */
const better = ['iCCP', 'sRGB', 'cICP'];
const scale = 100_000;
/** That of sRGB, as files round it. A difference of a twentieth is no other gamma. */
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
/** In bytes: the signature and the first chunk. */
const beginning = 33;

/**
 * A PNG whose colours are told by `gAMA` or `cHRM`, with a profile that tells the same, which the picture library follows.
 * All else, and a PNG in sRGB, stays as it is.
 */
export function withColourProfile(bytes: Buffer): Buffer {
  const profile = profileOf(bytes);
  if (!profile) return bytes;
  // Not compressed: libpng takes a chunk of less than 92 bytes for one that is too short.
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
  const told = readChromaticities(headers.get('cHRM'));
  if (gamma === null && told === null) return null;
  if (isUsualGamma(gamma) && isSrgb(told ?? srgb)) return null;
  const isGrey = [0, 4].includes(headers.get('IHDR')?.[9] ?? 0);
  const colours = { gamma: gamma ?? usualGamma, isGrey };
  return (told && iccProfile({ ...colours, ...told })) ?? iccProfile({ ...colours, ...srgb });
}

/** Values that no picture is made with count as none. */
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
