import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { z } from 'zod';

/** An answer: bytes as they are, an object as JSON. */
export interface Delivered {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Buffer | object;
}

/** A provider on loopback that takes every run, and delivers what a test chooses. */
export interface DeliveringProvider {
  readonly url: string;
  /** The answer of the synchronous API, and of the asynchronous one to who asks for a result. */
  result: Delivered;
  /** How long a run takes. */
  runMs: number;
  /** There is no asynchronous API. */
  isSynchronous: boolean;
  /** What is at `/files/<name>`. */
  readonly files: Map<string, Delivered>;
  /** What was uploaded to it, as data URLs. */
  readonly uploads: string[];
  /** How many runs were taken. */
  readonly submits: number;
  close(): Promise<void>;
}

export async function startDeliveringProvider(): Promise<DeliveringProvider> {
  const files = new Map<string, Delivered>();
  const uploads: string[] = [];
  let submits = 0;
  let takenAt = 0;
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      if (request.url === '/upload-asset') uploads.push(...uploadedIn(body));
      send(response, answer(request.method ?? '', request.url ?? ''));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider: DeliveringProvider = {
    url,
    result: { body: {} },
    runMs: 0,
    isSynchronous: false,
    files,
    uploads,
    get submits() {
      return submits;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };

  function answer(method: string, path: string): Delivered {
    if (path.startsWith('/files/')) return files.get(path.slice('/files/'.length)) ?? missing;
    if (path === '/upload-asset') return { body: { file_urls: [`${url}/files/reference`] } };
    if (method === 'POST') {
      if (path.startsWith('/v2/') && provider.isSynchronous) return { status: 405, body: noRoute };
      submits += 1;
      takenAt = performance.now();
      if (path.startsWith('/v1/')) return provider.result;
      return { body: { request_id: `request-${submits}`, status: 'QUEUED' } };
    }
    if (path.endsWith('/status')) {
      const isDone = performance.now() - takenAt >= provider.runMs;
      return { body: { status: isDone ? 'COMPLETED' : 'PROCESSING', metrics: { cost: 0.07 } } };
    }
    return path.startsWith('/v2/requests/') ? provider.result : missing;
  }
  return provider;
}

const uploadedIn = (body: string): string[] =>
  z.object({ data_urls: z.array(z.string()) }).parse(JSON.parse(body)).data_urls;

const noRoute = Buffer.from('<html>Method Not Allowed</html>');
const missing: Delivered = { status: 404, body: { error: 'Not found' } };

function send(response: ServerResponse, { status = 200, headers = {}, body }: Delivered): void {
  const isBytes = Buffer.isBuffer(body);
  response.writeHead(status, { ...(isBytes ? {} : { 'content-type': 'application/json' }), ...headers });
  response.end(isBytes ? body : JSON.stringify(body));
}
