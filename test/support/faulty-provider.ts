import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { play, type ScriptedAnswer, type SeenRequest } from './scripted-server.ts';

/** A provider that answers for a while as a test says, and passes everything else on to a sound one. */
export interface FaultyProvider {
  readonly url: string;
  /** What a request is answered; null: it is passed on. */
  answers: (request: IncomingMessage) => ScriptedAnswer | null;
  /** The requests that were not passed on. */
  readonly caught: readonly SeenRequest[];
  /** The paid ones among them. */
  readonly submits: readonly SeenRequest[];
  close(): Promise<void>;
}

/** Whether a request may cost money. */
export const isSubmit = (method = '', path = '') => method === 'POST' && /^\/v[12]\//.test(path);

export async function startFaultyProvider(behind: string, port: number): Promise<FaultyProvider> {
  const caught: SeenRequest[] = [];
  const server = createServer((request, response) => {
    const answer = provider.answers(request);
    const answered = answer ? play(request, response, answer, caught) : passOn(behind, request, response);
    void answered.catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const provider: FaultyProvider = {
    url: `http://127.0.0.1:${port}`,
    answers: () => null,
    caught,
    get submits() {
      return caught.filter(({ method, path }) => isSubmit(method, path));
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
