import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { noise, pngChunk } from './pictures.ts';

/** A text that names a person: it must be gone. */
export const told = 'Jane Doe, 1 Example Street';

const text = Buffer.from(told);
const at = (bytes: Buffer, place: number, more: Buffer) =>
  Buffer.concat([bytes.subarray(0, place), more, bytes.subarray(place)]);
const behind = (bytes: Buffer) => Buffer.concat([bytes, text]);

/** A JPEG segment. */
function segment(marker: number, body: Buffer): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(body.length + 2, 2);
  return Buffer.concat([head, body]);
}

const named = (name: string) => Buffer.concat([Buffer.from(`${name}\0`), text]);
const scanOf = (jpeg: Buffer) => jpeg.indexOf(Buffer.from([0xff, 0xda]));

/** A RIFF chunk, padded to an even length. */
function riffChunk(name: string, body: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(body.length);
  return Buffer.concat([Buffer.from(name), size, body, Buffer.alloc(body.length % 2)]);
}

/** A WebP with a chunk at its end, counted in its size. */
function withRiffChunk(webp: Buffer, chunk: Buffer): Buffer {
  const whole = Buffer.concat([webp, chunk]);
  whole.writeUInt32LE(whole.length - 8, 4);
  return whole;
}

/** An ISO box. */
function box(name: string, body: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(body.length + 8);
  return Buffer.concat([size, Buffer.from(name), body]);
}

/** A GIF extension: its label, then its text as one block. */
const gifExtension = (label: number, head = Buffer.alloc(0)) =>
  Buffer.concat([Buffer.from([0x21, label]), head, Buffer.from([text.length]), text, Buffer.from([0])]);

/** Pictures that tell more than their pixels, by where they tell it. */
export async function picturesWithMetadata(): Promise<[where: string, bytes: Buffer][]> {
  const jpeg = await noise().jpeg().toBuffer();
  const progressive = await noise().jpeg({ progressive: true }).toBuffer();
  const png = await noise().png().toBuffer();
  const webp = await noise().webp().toBuffer();
  const gif = await noise().gif().toBuffer();
  const avif = await noise().avif().toBuffer();
  const exif = { IFD0: { Copyright: told } };
  const pixels = png.indexOf('IDAT') - 4;
  const markers = { JFXX: 0xe0, Exif: 0xe1, MPF: 0xe2, JP: 0xeb, PictureInfo: 0xec, Photoshop: 0xed };
  return [
    ...Object.entries(markers).map(([name, marker]): [string, Buffer] => [
      `jpeg ${name}`,
      at(jpeg, 2, segment(marker, named(name))),
    ]),
    ['jpeg private segment', at(jpeg, 2, segment(0xe9, named('Anything')))],
    ['jpeg comment', at(jpeg, 2, segment(0xfe, text))],
    ['jpeg comment before the scan', at(jpeg, scanOf(jpeg), segment(0xfe, text))],
    [
      'jpeg comment between scans',
      at(progressive, progressive.lastIndexOf(Buffer.from([0xff, 0xda])), segment(0xfe, text)),
    ],
    ['jpeg stray bytes between markers', at(jpeg, scanOf(jpeg), text)],
    ['jpeg bytes behind the last pixel', at(jpeg, jpeg.length - 2, text)],
    ['jpeg bytes behind its end', behind(jpeg)],
    ['jpeg second picture behind its end', Buffer.concat([jpeg, at(jpeg, 2, segment(0xfe, text))])],
    ['jpeg EXIF', await noise().withExif(exif).jpeg().toBuffer()],
    [
      'jpeg XMP',
      await noise().withXmp(`<x:xmpmeta xmlns:x="adobe:ns:meta/">${told}</x:xmpmeta>`).jpeg().toBuffer(),
    ],
    ['png tEXt', at(png, pixels, pngChunk('tEXt', named('Author')))],
    [
      'png zTXt',
      at(png, pixels, pngChunk('zTXt', Buffer.concat([Buffer.from('Author\0\0'), deflateSync(text)]))),
    ],
    [
      'png iTXt behind the pixels',
      at(png, png.length - 12, pngChunk('iTXt', Buffer.concat([Buffer.from('Author\0\0\0\0\0'), text]))),
    ],
    ['png C2PA', at(png, pixels, pngChunk('caBX', text))],
    ['png private chunk', at(png, pixels, pngChunk('prVt', text))],
    ['png unknown chunk', at(png, pixels, pngChunk('abCd', text))],
    ['png chunk that is too long', at(png, pixels, pngChunk('tIME', text))],
    ['png pixels that are not shown', at(png, png.length - 12, pngChunk('IDAT', text))],
    ['png bytes behind its end', behind(png)],
    ['png EXIF', await noise().withExif(exif).png().toBuffer()],
    ['webp unknown chunk', withRiffChunk(webp, riffChunk('ABCD', text))],
    ['webp bytes behind its end', behind(webp)],
    ['webp EXIF', await noise().withExif(exif).webp().toBuffer()],
    ['lossless webp EXIF', await noise().withExif(exif).webp({ lossless: true }).toBuffer()],
    ['gif comment', at(gif, gif.indexOf(Buffer.from([0x21, 0xf9])), gifExtension(0xfe))],
    [
      'gif application',
      at(gif, gif.indexOf(Buffer.from([0x21, 0xf9])), gifExtension(0xff, Buffer.from('\x0bXMP DataXMP'))),
    ],
    ['gif bytes behind its end', behind(gif)],
    ['avif free box', Buffer.concat([avif, box('free', text)])],
    ['avif private box', Buffer.concat([avif, box('uuid', Buffer.concat([Buffer.alloc(16, 1), text]))])],
    ['avif EXIF', await noise().withExif(exif).avif().toBuffer()],
    ['avif bytes behind its end', behind(avif)],
  ];
}

/** The pixels as they are shown, without transparency. */
export async function pixelsOf(bytes: Buffer): Promise<Buffer> {
  return sharp(bytes, { failOn: 'none' }).removeAlpha().toColourspace('srgb').raw().toBuffer();
}
