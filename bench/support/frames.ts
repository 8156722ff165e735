import type { Writable } from 'node:stream';

/* The part of RFC 6455 that a client needs for short text messages. */
const opcodes = { text: 1, close: 8, ping: 9, pong: 10 };

/** A client's frame. Clients must mask their frames; a mask of zeros leaves the bytes unchanged. */
function frame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const head = length < 126 ? [length | 0x80] : [126 | 0x80, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([opcode | 0x80, ...head, 0, 0, 0, 0]), payload]);
}

/** A message to a server. */
export function textFrame(text: string): Buffer {
  return frame(opcodes.text, Buffer.from(text));
}

/** Calls `hear` with each complete text, answers pings, and returns the bytes of an incomplete frame. */
export function takeFrames(bytes: Buffer, socket: Writable, hear: (text: Buffer) => void): Buffer {
  let at = 0;
  while (at + 2 <= bytes.length) {
    let length = (bytes[at + 1] ?? 0) & 0x7f;
    let from = at + 2;
    if (length === 126) {
      if (from + 2 > bytes.length) break;
      length = bytes.readUInt16BE(from);
      from += 2;
    } else if (length === 127) throw new Error('A message is longer than this client reads.');
    if (from + length > bytes.length) break;
    const payload = bytes.subarray(from, from + length);
    const opcode = (bytes[at] ?? 0) & 0x0f;
    if (opcode === opcodes.text) hear(payload);
    else if (opcode === opcodes.ping) socket.write(frame(opcodes.pong, payload));
    else if (opcode === opcodes.close) throw new Error(`The server closed: ${payload.subarray(2)}`);
    at = from + length;
  }
  return bytes.subarray(at);
}
