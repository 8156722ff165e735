import type { ServerResponse } from 'node:http';
import sharp from 'sharp';
import { findImageModel } from '../catalogue/catalogue.ts';
import { faultOf, imagesOf, type Job, outputCount, pictureRequest } from './jobs.ts';
import { drawPicture } from './picture.ts';
import { respondBytes, respondJson } from './respond.ts';
import type { LoggedRequest, World } from './world.ts';

/** How long the files of a job are served, which is longer than the job can be polled. */
const fileLifetimeMs = 7 * 24 * 3_600_000;
const types: Readonly<Record<string, string>> = {
  png: 'image/png',
  webp: 'image/webp',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
};

/** Draws one of a job's pictures. The same picture always has the same bytes, so pictures are not stored. */
export async function drawOutput(
  world: World,
  job: Job,
  index: number,
): Promise<{ bytes: Buffer; format: string }> {
  const model = findImageModel(job.slug);
  if (!model) throw new Error(`${job.slug} is not in the catalogue.`);
  const references = imagesOf(model, job.body).flatMap((value) => readReference(world, value) ?? []);
  const last = references.at(-1);
  const size =
    last &&
    (await sharp(last)
      .metadata()
      .catch(() => null));
  const request = pictureRequest(
    model,
    job,
    index,
    references,
    size ? { width: size.width, height: size.height } : null,
  );
  const bytes = await drawPicture(request);
  return { bytes, format: request.format };
}

/** A picture that was uploaded here, or sent as base64. Other addresses are never fetched. */
function readReference(world: World, value: string): Buffer | undefined {
  const prefix = `${world.publicUrl()}/assets/`;
  if (value.startsWith(prefix)) return world.state.readAsset(value.slice(prefix.length));
  if (/^https?:/i.test(value)) return undefined;
  const bytes = Buffer.from(value.replace(/^data:[^,]*,/, ''), 'base64');
  return bytes.length > 0 ? bytes : undefined;
}

/** `/generations/<id>-<index>.<format>` and `/assets/<name>`: public, without a key. */
export async function answerFile(
  world: World,
  kind: string,
  name: string,
  answer: ServerResponse,
): Promise<void> {
  if (kind === 'assets') {
    const asset = world.state.readAsset(name);
    if (!asset) return respondJson(answer, 404, { error: 'Not Found' });
    return respondBytes(
      answer,
      200,
      types[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream',
      asset,
    );
  }
  const [, id = '', index = ''] = /^([0-9a-f]{32})-(\d+)\.[a-z]+$/.exec(name) ?? [];
  const job = world.state.find(id);
  const model = job && findImageModel(job.slug);
  if (
    !job ||
    !model ||
    Number(index) >= outputCount(model, job.body) ||
    world.now() - job.acceptedAt > fileLifetimeMs
  ) {
    return respondJson(answer, 404, { error: 'Not Found' });
  }
  const strikes = (fault: 'truncated-image' | 'broken-image' | 'huge-image') => {
    const found = faultOf(job, fault);
    return (
      found !== undefined &&
      (found.arg === undefined || found.arg === '' || Number(found.arg) === Number(index))
    );
  };
  if (strikes('broken-image'))
    return respondBytes(answer, 200, 'image/png', Buffer.from('<html>not a picture</html>'));
  if (strikes('huge-image')) return flood(answer);
  const { bytes, format } = await drawOutput(world, job, Number(index));
  const sent = strikes('truncated-image') ? bytes.subarray(0, Math.floor(bytes.length / 2)) : bytes;
  const contentType = faultOf(job, 'wrong-content-type') ? 'text/html' : (types[format] ?? 'image/jpeg');
  respondBytes(answer, 200, contentType, sent);
}

/** Sends 128 MiB, more than a server keeps in memory for one picture. Stops when the client disconnects. */
function flood(answer: ServerResponse): void {
  const chunk = Buffer.alloc(1_048_576);
  let chunks = 0;
  answer.writeHead(200, { 'content-type': 'image/png' });
  const pour = () => {
    while (!answer.destroyed && chunks < 128) {
      chunks += 1;
      if (!answer.write(chunk)) return void answer.once('drain', pour);
    }
    answer.end();
  };
  pour();
}

/** `POST /upload-asset`: stores pictures that are sent as data URLs and returns their addresses. */
export function answerUpload(world: World, request: LoggedRequest, answer: ServerResponse): void {
  let urls: unknown;
  try {
    urls = JSON.parse(request.body.toString('utf8')).data_urls;
  } catch {
    return respondJson(answer, 400, { error: 'Invalid JSON' });
  }
  const fault = world.faults.find(({ name, slug }) => slug === 'upload-asset' && /^\d+$/.test(name));
  if (fault) return respondJson(answer, Number(fault.name), { error: 'Upload failed' });
  if (!Array.isArray(urls) || urls.length === 0)
    return respondJson(answer, 400, { error: 'data_urls is required' });
  const names = urls.map((url) => {
    const [, type = '', base64 = ''] = /^data:image\/(\w+);base64,(.*)$/s.exec(String(url)) ?? [];
    return base64 ? world.state.keepAsset(Buffer.from(base64, 'base64'), type) : null;
  });
  if (names.includes(null))
    return respondJson(answer, 400, { error: 'data_urls must be data URLs of images' });
  const fileUrls = names.map((name) => `${world.publicUrl()}/assets/${name}`);
  respondJson(answer, 200, { file_urls: fileUrls, message: 'Files uploaded successfully' });
}
