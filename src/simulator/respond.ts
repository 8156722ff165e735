import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

/** Micro-dollars as dollars, which the provider sends as a JSON number. */
export function dollars(micros: bigint): number {
  return Number(micros) / 1_000_000;
}

/** Sends a JSON answer. */
export function respondJson(
  answer: ServerResponse,
  status: number,
  body: object,
  headers: OutgoingHttpHeaders = {},
): void {
  respondBytes(answer, status, 'application/json', Buffer.from(JSON.stringify(body)), headers);
}

/** Sends bytes with a content type. */
export function respondBytes(
  answer: ServerResponse,
  status: number,
  contentType: string,
  bytes: Buffer,
  headers: OutgoingHttpHeaders = {},
): void {
  answer.writeHead(status, { 'content-type': contentType, 'content-length': bytes.length, ...headers });
  answer.end(bytes);
}

/** Sends a JSON answer at one byte a second, for at most a minute, and then the rest. */
export function drip(answer: ServerResponse, status: number, body: object): void {
  const bytes = Buffer.from(JSON.stringify(body));
  answer.writeHead(status, { 'content-type': 'application/json' });
  let sent = 0;
  const timer = setInterval(() => {
    answer.write(bytes.subarray(sent, sent + 1));
    sent += 1;
    if (sent >= Math.min(bytes.length, 60)) answer.end(bytes.subarray(sent));
  }, 1_000);
  answer.on('close', () => clearInterval(timer));
}
