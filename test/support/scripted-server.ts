import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** What the server does with one request. Left empty: 200 without a body. */
export interface ScriptedAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON, under `content-type: application/json` unless `headers` say otherwise. */
  readonly body?: string | Buffer | object;
  readonly delayMs?: number;
  /** Sends the body one byte at a time, this far apart. */
  readonly dripMs?: number;
  /** Takes the request and never answers. */
  readonly hang?: true;
  /** Destroys the socket: as soon as the head of the request is there, after all of it, or halfway through the answer. */
  readonly cut?: 'BEFORE_READING' | 'AFTER_READING' | 'WITHIN_ANSWER';
}

/** A request as it arrived, whole. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** The client's port: the same for two requests on one connection. */
  readonly remotePort: number;
}

/** A real HTTP server on loopback that answers from a script, first answer first. */
export interface ScriptedServer {
  readonly url: string;
  readonly requests: readonly SeenRequest[];
  /** Adds to the script. A request that finds it empty gets a 501. */
  script(...answers: ScriptedAnswer[]): void;
  /** Forgets what is left of the script and what was seen. */
  reset(): void;
  close(): Promise<void>;
}

export async function startScriptedServer(): Promise<ScriptedServer> {
  const answers: ScriptedAnswer[] = [];
  const requests: SeenRequest[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    const answer = answers.shift() ?? { status: 501, body: 'The script is over.' };
    // A client that gives up is what some tests are about.
    void play(request, response, answer, requests).catch(() => request.socket.destroy());
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    script: (...more) => void answers.push(...more),
    reset() {
      answers.length = requests.length = 0;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Gives one request its answer, and notes that it was seen. */
export async function play(
  request: IncomingMessage,
  response: ServerResponse,
  answer: ScriptedAnswer,
  requests: SeenRequest[],
): Promise<void> {
  const { method = '', url: path = '', headers, socket } = request;
  const remotePort = socket.remotePort ?? 0;
  if (answer.cut === 'BEFORE_READING') {
    requests.push({ method, path, headers, body: '', remotePort });
    socket.destroy();
    return;
  }
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  requests.push({ method, path, headers, body: Buffer.concat(chunks).toString('utf8'), remotePort });
  if (answer.hang) return;
  if (answer.delayMs) await pause(answer.delayMs);
  if (answer.cut === 'AFTER_READING') {
    socket.destroy();
    return;
  }
  const { status = 200, body = '', dripMs } = answer;
  const isJson = typeof body === 'object' && !Buffer.isBuffer(body);
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(isJson ? JSON.stringify(body) : String(body));
  response.writeHead(status, {
    ...(isJson ? { 'content-type': 'application/json' } : {}),
    'content-length': String(bytes.length),
    ...answer.headers,
  });
  if (answer.cut === 'WITHIN_ANSWER') {
    response.write(bytes.subarray(0, Math.ceil(bytes.length / 2)), () => socket.destroy());
    return;
  }
  for (const byte of dripMs ? bytes : []) {
    if (socket.destroyed) return;
    response.write(Buffer.of(byte));
    await pause(dripMs ?? 0);
  }
  response.end(dripMs ? undefined : bytes);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
