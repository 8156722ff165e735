import { describe, expect, it } from '@jest/globals';
import { isPicture, readOutputs } from '../../../src/platform/segmind/outputs.ts';

const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
const jpeg = Buffer.from('ffd8ffe000104a46494600010101', 'hex');
const [png64, jpeg64] = [png.toString('base64'), jpeg.toString('base64')];
const odd = Buffer.from(`BM${'.'.repeat(40)}`, 'latin1');
const odd64 = odd.toString('base64');
const bytes = (picture: Buffer) => ({ kind: 'BYTES', bytes: picture });
const url = (text: string) => ({ kind: 'URL', url: text });
const noUrl = url('about:invalid');
const [a, b] = ['https://images.segmind.com/a.png', 'https://images.segmind.com/b.png'];

describe('readOutputs', () => {
  it.each<[string, unknown]>([
    ['nothing', {}],
    ['null', { output: null, images: null }],
    ['an empty list', { images: [], output: [] }],
    ['a number', { output: 42 }],
    ['a word', { output: 'done' }],
    ['text in base64 letters', { output: 'Thisisjustalongwordwithoutanymeaningatall' }],
    ['base64 of something else', { image: Buffer.from('<html>'.repeat(10)).toString('base64') }],
    ['a data URI of something else', { image: 'data:text/html;base64,PGh0bWw+' }],
    ['another scheme', { output: 'file:///etc/passwd' }],
    ['no URL', { output: 'http://' }],
    ['a member with an unknown name', { thumbnail: a }],
    ['a nest', { output: JSON.parse(`${'['.repeat(5_000)}"${a}"${']'.repeat(5_000)}`) }],
  ])('finds none in %s', (_, answer) => {
    expect(readOutputs(answer)).toEqual([]);
  });

  it.each<[string, unknown, unknown[]]>([
    ['image as base64', { image: png64 }, [bytes(png)]],
    ['image as a data URI', { image: `data:image/png;base64,${png64}` }, [bytes(png)]],
    ['image as a URL', { status: 'Success', image: a, outputs: 1 }, [url(a)]],
    ['base64 in lines', { image: `${png64.slice(0, 8)}\n${png64.slice(8)}` }, [bytes(png)]],
    ['data', { data: png64 }, [bytes(png)]],
    ['data of objects', { data: [{ url: a }, { url: b }] }, [url(a), url(b)]],
    ['image_url', { image_url: a }, [url(a)]],
    ['url', { url: a }, [url(a)]],
    ['output_url', { output_url: ` ${a} ` }, [url(a)]],
    ['output as a URL', { output: a }, [url(a)]],
    ['output as URLs', { output: [b, a] }, [url(b), url(a)]],
    ['output as base64', { output: jpeg64 }, [bytes(jpeg)]],
    ['output as a list of base64', { output: [jpeg64, png64] }, [bytes(jpeg), bytes(png)]],
    ['images of objects', { images: [{ url: a, file_size: '12' }, { url: b }] }, [url(a), url(b)]],
    ['images of strings', { images: [a, png64] }, [url(a), bytes(png)]],
    ['images before output', { output: a, images: [{ url: a }, { url: b }] }, [url(a), url(b)]],
    ['output where images is empty', { output: a, images: [] }, [url(a)]],
    ['a URL with a line break and NUL in it', { output: `\0${a.slice(0, 20)}\n${a.slice(20)}` }, [url(a)]],
    [
      'a URL of other letters, in ASCII',
      { output: 'https://images.segmind.com/ä\0\ud800' },
      [url('https://images.segmind.com/%C3%A4%00%EF%BF%BD')],
    ],
    [
      'one that cannot be used beside others',
      { images: ['http://[', a, { url: 'http://[' }] },
      [noUrl, url(a), noUrl],
    ],
    ['one that is too long beside others', { images: [`${a}?${'x'.repeat(9_000)}`, b] }, [noUrl, url(b)]],
    ['another member than that which cannot be used', { images: ['http://['], output: a }, [url(a)]],
    ['a list at the top', [{ url: a }, b], [url(a), url(b)]],
    ['bytes of another kind beside a picture', { images: [png64, odd64] }, [bytes(png), bytes(odd)]],
    ['the same in objects', { images: [{ image: odd64 }, { url: a }] }, [bytes(odd), url(a)]],
    ['a word beside a picture', { images: [png64, 'done'] }, [bytes(png)]],
    ['a picture behind bytes of another kind', { output: odd64, image: png64 }, [bytes(png)]],
  ])('reads %s', (_, answer, outputs) => {
    expect(readOutputs(answer)).toEqual(outputs);
  });
});

describe('isPicture', () => {
  it.each([['', '{"error":"no"}', '<html>', 'RIFF0000WAVE', 'GIF', '0000ftypisom']])('is not: %s', (text) => {
    expect(isPicture(Buffer.from(text, 'latin1'))).toBe(false);
  });

  it.each([
    png,
    jpeg,
    Buffer.from('RIFF\x10\x00\x00\x00WEBPVP8 ', 'latin1'),
    Buffer.from('GIF89a', 'latin1'),
    Buffer.from('\x00\x00\x00\x20ftypavif', 'latin1'),
  ])('is: %p', (picture) => {
    expect(isPicture(picture)).toBe(true);
  });
});

it.each([
  ['JPEG', '\xff\xd8\xff\xe0'],
  ['PNG', '\x89PNG\r\n\x1a\n'],
  ['WebP', 'RIFF\x10\0\0\0WEBP'],
  ['GIF', 'GIF89a'],
  ['TIFF', 'II*\0'],
  ['TIFF, the other way round', 'MM\0*'],
  ['AVIF', '\0\0\0\x1cftypavif'],
  ['AVIF that names its family first', '\0\0\0\x1cftypmif1\0\0\0\0mif1avif'],
  ['HEIC', '\0\0\0\x1cftypheic'],
  ['SVG', '<svg xmlns="http://www.w3.org/2000/svg">'],
  ['SVG behind a declaration', '<?xml version="1.0"?>\n<svg width="1">'],
])('%s begins like a picture', (_, start) => {
  expect(isPicture(Buffer.from(`${start}${'.'.repeat(300)}`, 'latin1'))).toBe(true);
});

it.each(['', '<html><svg></svg></html>', '{"svg": 1}', 'BM', '<?xml version="1.0"?><error/>', '<svgx>'])(
  '%p does not',
  (start) => {
    expect(isPicture(Buffer.from(start, 'latin1'))).toBe(false);
  },
);
