import sharp, { type OverlayOptions } from 'sharp';

/** A group of pictures on the sheet, with its texts. */
export interface SheetGroup {
  readonly title: string;
  readonly caption: string;
  readonly pictures: readonly Buffer[];
}

/** Lengths in pixels; a column is as wide as one picture. */
const [margin, gap, size, columns] = [48, 24, 272, 4];
const headHeight = 124;
const rowHeight = size + 132;
/** The most letters of a title's line below one picture. */
const lettersPerColumn = 24;

interface Placed extends SheetGroup {
  readonly left: number;
  readonly top: number;
  readonly span: number;
}

/** Places the groups side by side while they fit, then in the next row. A group without pictures also takes a place. */
function place(groups: readonly SheetGroup[], width: number): { placed: Placed[]; rows: number } {
  let [row, column] = [0, 0];
  const placed = groups.map((group) => {
    const span = Math.max(group.pictures.length, 1);
    if (column > 0 && column + span > width) [row, column] = [row + 1, 0];
    const left = margin + column * (size + gap);
    column += span;
    return { ...group, left, top: headHeight + row * rowHeight, span };
  });
  return { placed, rows: row + 1 };
}

/** Escapes a text for XML. Characters that XML does not allow become blanks. */
function escapeXml(text: string): string {
  return text
    .replace(/[&<>"]/g, (each) => `&#${each.charCodeAt(0)};`)
    .replace(/[^\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, ' ');
}

/** Breaks a text between words into lines of at most `letters` letters. A longer word has a line of its own. */
export function wrapWords(text: string, letters: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const longer = `${lines.at(-1) ?? ''} ${word}`.trim();
    if (lines.length > 0 && longer.length <= letters) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

function wordsOf({ title, caption, left, top, span }: Placed): string {
  const titles = wrapWords(title, lettersPerColumn * span);
  const line = (text: string, at: number, style: string) =>
    `<text x="${left}" y="${top + size + 34 + at * 26}" class="${style}">${escapeXml(text)}</text>`;
  const frame = `<rect x="${left}" y="${top}" width="${size}" height="${size}" fill="#ece7da"/>`;
  return [
    frame,
    ...titles.map((text, at) => line(text, at, 'title')),
    line(caption, titles.length, 'caption'),
  ].join('');
}

/** Draws all pictures of a demo on one sheet, as PNG. `colours`, at most 256, limits its colours for a small file. */
export async function drawContactSheet(
  heading: string,
  groups: readonly SheetGroup[],
  { colours }: { readonly colours?: number } = {},
): Promise<Buffer> {
  const widest = Math.max(columns, ...groups.map(({ pictures }) => pictures.length));
  const { placed, rows } = place(groups, widest);
  const width = margin * 2 + widest * (size + gap) - gap;
  const height = headHeight + rows * rowHeight;
  const sheet = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="DejaVu Sans, Helvetica, Arial, sans-serif">
    <style>.title{font-size:17px;font-weight:bold;fill:#17202e}.caption{font-size:16px;fill:#5b6675}</style>
    <rect width="100%" height="100%" fill="#f7f4ec"/>
    <text x="${margin}" y="78" font-size="34" font-weight="bold" fill="#17202e">${escapeXml(heading)}</text>
    ${placed.map(wordsOf).join('')}</svg>`;
  const layers = await Promise.all(
    placed.flatMap(({ pictures, left, top }) =>
      pictures.map(
        async (picture, column): Promise<OverlayOptions> => ({
          input: await sharp(picture)
            .resize(size, size, { fit: 'contain', background: '#ece7da' })
            .png()
            .toBuffer(),
          left: left + column * (size + gap),
          top,
        }),
      ),
    ),
  );
  const drawn = sharp(Buffer.from(sheet)).composite(layers);
  return drawn.png(colours === undefined ? {} : { colours, effort: 10 }).toBuffer();
}
