import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** A provider that turns submits away for a while with HTTP 429, and passes everything else on. */
export interface LimitedProvider {
  readonly url: string;
  /** Which submits are turned away, by path and headers; null: none. */
  refuses: ((request: IncomingMessage) => boolean) | null;
  /** What a refusal says about when to come again. */
  headers: () => Record<string, string>;
  /** How many submits were turned away. */
  readonly refused: number;
  close(): Promise<void>;
}

export async function startLimitedProvider(behind: string, port: number): Promise<LimitedProvider> {
  let refused = 0;
  const server = createServer((request, response) => {
    const isSubmit = request.method === 'POST' && /^\/v[12]\//.test(request.url ?? '');
    if (isSubmit && provider.refuses?.(request)) {
      refused += 1;
      request.resume().on('end', () => {
        response.writeHead(429, { 'content-type': 'application/json', ...provider.headers() });
        response.end('{"error":"rate_limit_exceeded"}');
      });
      return;
    }
    passOn(behind, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const provider: LimitedProvider = {
    url: `http://127.0.0.1:${port}`,
    refuses: null,
    headers: () => ({}),
    get refused() {
      return refused;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return provider;
}

async function passOn(behind: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await buffer(request);
  const names = ['x-api-key', 'content-type'] as const;
  const headers = names.flatMap((name) => {
    const value = request.headers[name];
    return value === undefined ? [] : [[name, String(value)] as [string, string]];
  });
  const { method = '', url = '' } = request;
  const answer = await fetch(`${behind}${url}`, {
    method,
    headers,
    ...(body.length > 0 ? { body } : {}),
  });
  response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
  response.end(Buffer.from(await answer.arrayBuffer()));
}
