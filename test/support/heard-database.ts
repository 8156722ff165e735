import { startTcpProxy } from './tcp-proxy.ts';

/** One execution of a statement, as a client sent it. */
export interface Heard {
  readonly text: string;
  /** Its parameters as text; null is null. */
  readonly values: readonly (string | null)[];
}

/**
 * A database behind an address that hears what servers ask of it. It counts what was really asked, at the moment when it
 * was: the statistics of Postgres come late.
 */
export async function hearDatabase(
  databaseUrl: string,
): Promise<{ readonly url: string; readonly heard: readonly Heard[]; close(): Promise<void> }> {
  const heard: Heard[] = [];
  const url = new URL(databaseUrl);
  const proxy = await startTcpProxy(Number(url.port), () => listen((statement) => heard.push(statement)));
  url.port = String(proxy.port);
  return { url: url.href, heard, close: () => proxy.close() };
}

/** Reads what a client sends on one connection: https://www.postgresql.org/docs/current/protocol-message-formats.html */
function listen(hear: (statement: Heard) => void): (bytes: Buffer) => void {
  let rest = Buffer.alloc(0);
  let isStarted = false;
  /** By the name that the client gave it; the unnamed one by the empty name. */
  const texts = new Map<string, string>();
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    for (;;) {
      // The first message of a connection has no letter.
      const letters = isStarted ? 1 : 0;
      if (rest.length < letters + 4) return;
      const end = letters + rest.readInt32BE(letters);
      if (rest.length < end) return;
      const letter = isStarted ? String.fromCharCode(rest[0] ?? 0) : '';
      const body = rest.subarray(letters + 4, end);
      rest = rest.subarray(end);
      isStarted = true;
      if (letter === 'Q') hear({ text: textAt(body, 0), values: [] });
      if (letter === 'P') {
        const name = textAt(body, 0);
        texts.set(name, textAt(body, Buffer.byteLength(name) + 1));
      }
      if (letter === 'B') {
        const { name, values } = readBind(body);
        hear({ text: texts.get(name) ?? '', values });
      }
    }
  };
}

/** Text up to the byte 0. */
function textAt(body: Buffer, from: number): string {
  return body.toString('utf8', from, body.indexOf(0, from));
}

function readBind(body: Buffer): { name: string; values: (string | null)[] } {
  let at = body.indexOf(0) + 1;
  const name = textAt(body, at);
  at += Buffer.byteLength(name) + 1;
  // The formats of the parameters.
  at += 2 + 2 * body.readInt16BE(at);
  const count = body.readInt16BE(at);
  at += 2;
  const values = Array.from({ length: count }, () => {
    const length = body.readInt32BE(at);
    at += 4;
    if (length < 0) return null;
    at += length;
    return body.toString('utf8', at - length, at);
  });
  return { name, values };
}
