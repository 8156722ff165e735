import { WebSocket } from 'ws';

/** A subscription over a bare socket, and all that came of it. */
export interface FollowerSocket {
  readonly socket: WebSocket;
  /** The `data` of each `next`. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers of many shapes
  readonly told: any[];
  /** The texts of all `next`. */
  readonly texts: string[];
  readonly costs: { requested: number; remaining: number; restoreRate: number }[];
  readonly errors: { message: string; extensions: { code: string; reference?: string } }[];
  /** Whether the server said that nothing more comes. */
  isComplete(): boolean;
  readonly closed: Promise<{ code: number; reason: string }>;
}

/** Subscribes; resolves once the socket is let in. */
export async function follow(
  url: string,
  key: string,
  query: string,
  { variables = {}, id = '1' }: { variables?: object; id?: string } = {},
): Promise<FollowerSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  const follower = { socket, told: [], texts: [], costs: [], errors: [] } as Omit<
    FollowerSocket,
    'closed' | 'isComplete'
  >;
  let isComplete = false;
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.on('close', (code, reason) => resolve({ code, reason: String(reason) })),
  );
  socket.on('open', () =>
    socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${key}` } })),
  );
  await new Promise<void>((resolve, reject) => {
    void closed.then(({ code }) => reject(new Error(`closed with ${code}`)));
    socket.on('message', (bytes) => {
      const text = String(bytes);
      const { type, payload } = JSON.parse(text);
      if (type === 'connection_ack') resolve();
      if (type === 'complete') isComplete = true;
      if (type === 'error') follower.errors.push(...payload);
      if (type !== 'next') return;
      follower.texts.push(text);
      follower.costs.push(payload.extensions.cost);
      if (payload.data) follower.told.push(payload.data);
      if (payload.errors) follower.errors.push(...payload.errors);
    });
  });
  socket.send(JSON.stringify({ id, type: 'subscribe', payload: { query, variables } }));
  return { ...follower, closed, isComplete: () => isComplete };
}
