import sharp, { type OverlayOptions } from 'sharp';

/** A row of the sheet: what it shows, in words, and the pictures. */
export interface SheetRow {
  readonly title: string;
  readonly caption: string;
  readonly pictures: readonly Buffer[];
}

const [margin, gap, size, textWidth] = [48, 20, 250, 430];
const rowHeight = size + 34;
const headHeight = 130;

/** Characters that XML does not have become blanks. */
function escapeXml(text: string): string {
  return text
    .replace(/[&<>"]/g, (each) => `&#${each.charCodeAt(0)};`)
    .replace(/[^\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, ' ');
}

/** Puts all pictures of a demo on one sheet, as PNG. */
export async function drawContactSheet(heading: string, rows: readonly SheetRow[]): Promise<Buffer> {
  const columns = Math.max(...rows.map(({ pictures }) => pictures.length), 1);
  const width = margin * 2 + textWidth + columns * (size + gap);
  const height = headHeight + rows.length * rowHeight + margin;
  const words = rows.map(({ title, caption }, row) => {
    const y = headHeight + row * rowHeight;
    const lines = caption
      .split('\n')
      .map(
        (line, place) =>
          `<text x="${margin}" y="${y + 80 + place * 26}" class="caption">${escapeXml(line)}</text>`,
      );
    const rule = `<line x1="${margin}" x2="${width - margin}" y1="${y - 16}" y2="${y - 16}" stroke="#d8d2c4"/>`;
    return `${rule}<text x="${margin}" y="${y + 44}" class="title">${escapeXml(title)}</text>${lines.join('')}`;
  });
  const sheet = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="DejaVu Sans, Helvetica, Arial, sans-serif">
    <style>.title{font-size:20px;font-weight:bold;fill:#17202e}.caption{font-size:17px;fill:#5b6675}</style>
    <rect width="100%" height="100%" fill="#f7f4ec"/>
    <text x="${margin}" y="72" font-size="34" font-weight="bold" fill="#17202e">${escapeXml(heading)}</text>
    ${words.join('')}</svg>`;
  const layers = await Promise.all(
    rows.flatMap(({ pictures }, row) =>
      pictures.map(
        async (picture, column): Promise<OverlayOptions> => ({
          input: await sharp(picture)
            .resize(size, size, { fit: 'contain', background: '#ece7da' })
            .png()
            .toBuffer(),
          left: margin + textWidth + column * (size + gap),
          top: headHeight + row * rowHeight,
        }),
      ),
    ),
  );
  return sharp(Buffer.from(sheet)).composite(layers).png().toBuffer();
}
