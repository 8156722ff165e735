/** What a client of Postgres sent and waited for, as one text for each time that it waited. */
export type RoundTrips = string[];

/**
 * Reads what a client sends on one connection, message by message. A client waits after a simple query and after a Sync,
 * which ends the messages of an extended one.
 */
export function readRoundTrips(trips: RoundTrips): (bytes: Buffer) => void {
  let rest = Buffer.alloc(0);
  let hasStarted = false;
  let sent = '';
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    for (;;) {
      // The first message has no type before its length.
      const typeBytes = hasStarted ? 1 : 0;
      if (rest.length < typeBytes + 4) return;
      const end = typeBytes + rest.readUInt32BE(typeBytes);
      if (rest.length < end) return;
      const type = hasStarted ? String.fromCharCode(rest[0] ?? 0) : '';
      sent += rest.toString('latin1', typeBytes + 4, end);
      rest = rest.subarray(end);
      hasStarted = true;
      if (type !== 'Q' && type !== 'S') continue;
      trips.push(sent);
      sent = '';
    }
  };
}
