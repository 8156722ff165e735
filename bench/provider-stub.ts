import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import sharp from 'sharp';

/*
 * The provider's routes, as cheap as node:http can serve them, in a separate process, because the client is measured
 * and not the provider. Runs go on until a request to `/release=60000`, and then end one after another within that
 * time. Prints its address. Ends with its parent.
 */
let release: { readonly at: number; readonly withinMs: number } | null = null;
let submitted = 0;
/** The number of status polls by API key. */
const polls: Record<string, number> = {};
const picture = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#c46' } })
  .webp()
  .toBuffer();

function json(answer: ServerResponse, body: object): void {
  const text = JSON.stringify(body);
  answer.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  answer.end(text);
}

function takeRun(answer: ServerResponse): void {
  submitted += 1;
  // The run's place in the order of ends, from 0 to 1, is part of its id, so that nothing needs to be stored.
  json(answer, { request_id: `${submitted}-${Math.random().toFixed(9).slice(2)}`, status: 'QUEUED' });
}

function answerRun(answer: ServerResponse, id: string, isStatus: boolean): void {
  const place = Number(`0.${id.split('-')[1]}`);
  if (release === null || Date.now() < release.at + place * release.withinMs)
    return json(answer, { request_id: id, status: 'PROCESSING', metrics: {} });
  const output = `${url}/generations/${id}.webp`;
  const metrics = { inference_time: 40, cost: 0.085 };
  json(answer, { request_id: id, status: 'COMPLETED', metrics, ...(isStatus ? {} : { output }) });
}

const server = createServer((incoming, answer) => {
  incoming.resume();
  const [, first, second, third = '', fourth] = (incoming.url ?? '').split('/');
  if (first === 'generations') {
    answer.writeHead(200, { 'content-type': 'image/webp', 'content-length': picture.length });
    return void answer.end(picture);
  }
  if (first === 'upload-asset') return json(answer, { file_urls: [`${url}/assets/face.png`] });
  if (first?.startsWith('release')) {
    release = { at: Date.now(), withinMs: Number(first.split('=')[1]) };
    return json(answer, release);
  }
  if (first === 'counts') return json(answer, { submitted, polls });
  if (second === 'requests') {
    const key = String(incoming.headers['x-api-key']);
    if (fourth === 'status') polls[key] = (polls[key] ?? 0) + 1;
    return answerRun(answer, third, fourth === 'status');
  }
  if (first === 'v2') return takeRun(answer);
  json(answer, { credits: 1_000_000, 'free-credits': 0 });
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
process.stdout.write(`${url}\n`);
process.stdin.resume().on('end', () => process.exit(0));
