import { createHash } from 'node:crypto';
import sharp from 'sharp';

/** The data that a picture is drawn from. Equal data gives equal bytes. */
export interface PictureRequest {
  readonly slug: string;
  readonly prompt: string;
  readonly seed: number;
  readonly index: number;
  readonly width: number;
  readonly height: number;
  readonly format: string;
  readonly quality: number;
  /** The pictures in the request: the identity image first, then the pose image. */
  readonly references: readonly Buffer[];
}

/** Escapes a text for XML. Characters that XML does not allow become blanks, because a prompt may contain them. */
function escapeXml(text: string): string {
  return text
    .replace(/[&<>"]/g, (each) => `&#${each.charCodeAt(0)};`)
    .replace(/[^\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, ' ');
}

function wrap(text: string, columns: number, rows: number): string[] {
  const lines = [''];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1) ?? '';
    if (line && `${line} ${word}`.length > columns) lines.push(word.slice(0, columns));
    else lines[lines.length - 1] = `${line} ${word}`.trim().slice(0, columns);
  }
  return lines.length > rows ? [...lines.slice(0, rows - 1), `${lines[rows - 1] ?? ''} …`] : lines;
}

/** A drawing of 1000 x 1000 units: sky, ground and light are chosen by the hash, the texts are from the request. */
function backdrop(request: PictureRequest, hash: Buffer): string {
  const { slug, prompt, seed, index } = request;
  const at = (position: number) => hash.readUInt8(position % hash.length);
  const hue = at(0) * 1.41;
  const hills = [0, 1, 2].map((row) => {
    const y = 520 + row * 90;
    const points = [0, 1, 2, 3, 4, 5].map(
      (step) => `${step * 200} ${y + (at(row * 6 + step + 3) - 128) / 3}`,
    );
    const tone = `hsl(${hue + 150 + row * 12} 34% ${46 - row * 11}%)`;
    return `<path d="M-10 1010 L-10 ${y} S${points.join(' ')} L1010 1010 Z" fill="${tone}"/>`;
  });
  const caption = wrap(prompt || 'without a prompt', 58, 3)
    .map((line, row) => `<text x="60" y="${846 + row * 34}" font-size="25">${escapeXml(line)}</text>`)
    .join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 1000" width="${request.width}" height="${request.height}" preserveAspectRatio="xMidYMid slice">
    <defs>
      <linearGradient id="sky" x2="0" y2="1"><stop stop-color="hsl(${hue} 62% 34%)"/><stop offset=".62" stop-color="hsl(${hue + 45} 74% 74%)"/></linearGradient>
      <radialGradient id="sun"><stop stop-color="#fff" stop-opacity=".95"/><stop offset="1" stop-color="#fff" stop-opacity="0"/></radialGradient>
    </defs>
    <rect width="1000" height="1000" fill="url(#sky)"/>
    <circle cx="${180 + at(1) * 2.5}" cy="${140 + at(2) * 0.6}" r="190" fill="url(#sun)"/>
    ${hills.join('')}
    <rect y="762" width="1000" height="238" fill="#0d1117" fill-opacity=".82"/>
    <g font-family="DejaVu Sans, Helvetica, Arial, sans-serif" fill="#f0f3f6">
      <text x="60" y="806" font-size="24" font-weight="bold">${escapeXml(slug)}</text>
      ${caption}
      <text x="60" y="968" font-size="22" fill="#9fb0c3">seed ${seed}   picture ${index + 1}</text>
      <text x="940" y="968" font-size="30" font-weight="bold" letter-spacing="7" text-anchor="end" fill="#ffcf5c">SIMULATED</text>
    </g></svg>`;
}

/** A reference picture in a rounded frame. */
async function framed(reference: Buffer, size: number): Promise<Buffer | null> {
  const radius = Math.round(size * 0.1);
  const mask = Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}"><rect width="${size}" height="${size}" rx="${radius}"/></svg>`,
  );
  const border = Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}"><rect x="3" y="3" width="${size - 6}" height="${size - 6}" rx="${radius - 3}" fill="none" stroke="#fff" stroke-width="6"/></svg>`,
  );
  const bytes = await sharp(reference)
    .autoOrient()
    .resize(size, size, { fit: 'cover', position: 'top' })
    .ensureAlpha()
    .composite([{ input: mask, blend: 'dest-in' }, { input: border }])
    .png({ compressionLevel: 1 })
    .toBuffer()
    .catch(() => null);
  return bytes;
}

/** Draws a picture in place of the provider's. It is marked as simulated, so that it is not mistaken for a real one. */
export async function drawPicture(request: PictureRequest): Promise<Buffer> {
  const { slug, prompt, seed, index, width, height, format, quality } = request;
  const hash = createHash('sha256').update(`${slug}\n${prompt}\n${seed}\n${index}`).digest();
  const side = Math.min(width, height);
  const sizes = request.references.length > 1 ? [0.5, 0.26] : [0.58];
  const layers = await Promise.all(
    sizes.map(async (share, place) => {
      const size = Math.max(24, Math.round(side * share));
      const input = request.references[place] && (await framed(request.references[place], size));
      if (!input) return [];
      const alone = sizes.length === 1;
      const x = alone ? (width - size) / 2 : place === 0 ? width / 2 - side * 0.42 : width / 2 + side * 0.14;
      const y = height / 2 - side * (place === 0 ? 0.42 : 0.18);
      return [{ input, left: Math.max(0, Math.round(x)), top: Math.max(0, Math.round(y)) }];
    }),
  );
  const drawn = sharp(Buffer.from(backdrop(request, hash)))
    .resize(width, height, { fit: 'cover' })
    .composite(layers.flat());
  if (format === 'png') return drawn.png({ compressionLevel: 4 }).toBuffer();
  const flat = drawn.flatten({ background: '#0d1117' });
  return format === 'webp'
    ? flat.webp({ quality: Math.max(1, quality), effort: 1 }).toBuffer()
    : flat.jpeg({ quality: Math.max(1, quality) }).toBuffer();
}
