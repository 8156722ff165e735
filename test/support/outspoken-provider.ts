import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One answer: an object is sent as JSON, with every unit that JSON can escape; text and bytes as they are. */
export interface Told {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: object | string | Buffer;
}

/** What the provider says about one run; left out, what a sound provider would say. */
export interface Words {
  /** To `POST /v2/{slug}` and `POST /v1/{slug}`. */
  readonly submit?: Told;
  readonly status?: Told;
  readonly result?: Told;
}

/** A provider on loopback whose every word is chosen by a test. A run is told by `case <number>` in its prompt. */
export interface OutspokenProvider {
  readonly url: string;
  /** By the number of the run. */
  readonly words: Map<number, Words>;
  /** What an upload is answered; left out, a URL here. */
  upload: Told | undefined;
  /** How often each run was submitted, by its number. */
  readonly submits: Map<number, number>;
  /** How often each run was asked after, by its number. */
  readonly polls: Map<number, number>;
  /** Serves these bytes at every address below `/files/`. */
  picture: Buffer;
  close(): Promise<void>;
}

export async function startOutspokenProvider(picture: Buffer): Promise<OutspokenProvider> {
  const words = new Map<number, Words>();
  const submits = new Map<number, number>();
  const polls = new Map<number, number>();
  const server = createServer((request, response) => {
    void answer(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider: OutspokenProvider = {
    url,
    words,
    upload: undefined,
    submits,
    polls,
    picture,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    respond(response, sayTo(request.method ?? '', request.url ?? '', Buffer.concat(chunks).toString('utf8')));
  }

  function sayTo(method: string, path: string, body: string): Told {
    if (path.startsWith('/files/')) return { body: provider.picture };
    if (path === '/upload-asset')
      return provider.upload ?? { body: { file_urls: [`${url}/files/reference`] } };
    if (method === 'POST') {
      const number = Number(/case (\d+)/.exec(body)?.[1]);
      submits.set(number, (submits.get(number) ?? 0) + 1);
      return words.get(number)?.submit ?? { body: { request_id: `r-${number}`, status: 'QUEUED' } };
    }
    const [, id, isStatus] = /^\/v2\/requests\/r-(\d+)(\/status)?$/.exec(path) ?? [];
    if (id === undefined) return { status: 404, body: { error: 'Not found' } };
    const told = words.get(Number(id));
    polls.set(Number(id), (polls.get(Number(id)) ?? 0) + 1);
    return isStatus
      ? (told?.status ?? { body: { status: 'COMPLETED' } })
      : (told?.result ?? { body: { status: 'COMPLETED', output: `${url}/files/${id}` } });
  }
  return provider;
}

function respond(response: ServerResponse, { status = 200, headers, body }: Told): void {
  const isBytes = typeof body === 'string' || Buffer.isBuffer(body);
  response.writeHead(status, { ...(isBytes ? {} : { 'content-type': 'application/json' }), ...headers });
  response.end(isBytes ? body : JSON.stringify(body));
}
