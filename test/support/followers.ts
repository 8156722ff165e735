import { WebSocket } from 'ws';
import type { DataOf, Right } from './operations/read.ts';

/** What is taken to be heard where the text is not known before the test runs. */
export interface Heard {
  readonly projectEvents: Readonly<Record<string, unknown>> & {
    readonly kind: string;
    readonly sequence: number;
    readonly character?: { readonly project: { readonly viewerRole: string } } | null;
  };
}

/** A subscription over a bare socket, and all that came of it. */
export interface FollowerSocket<Data = Heard> {
  readonly socket: WebSocket;
  /** The `data` of each `next`. */
  readonly told: Data[];
  /** The texts of all `next`. */
  readonly texts: string[];
  readonly costs: { requested: number; remaining: number; restoreRate: number }[];
  readonly errors: { message: string; extensions: { code: string; reference?: string } }[];
  /** Whether the server said that nothing more comes. */
  isComplete(): boolean;
  readonly closed: Promise<{ code: number; reason: string }>;
}

/** Subscribes; resolves once the socket is let in. */
export async function follow<const Text extends string>(
  url: string,
  key: string,
  query: Text & Right<Text>,
  { variables = {}, id = '1' }: { variables?: object; id?: string } = {},
): Promise<FollowerSocket<unknown extends DataOf<Text> ? Heard : DataOf<Text>>> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  type Data = unknown extends DataOf<Text> ? Heard : DataOf<Text>;
  const told: Data[] = [];
  const texts: string[] = [];
  const costs: FollowerSocket['costs'] = [];
  const failures: FollowerSocket['errors'] = [];
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
      if (type === 'error') failures.push(...payload);
      if (type !== 'next') return;
      texts.push(text);
      costs.push(payload.extensions.cost);
      if (payload.data) told.push(payload.data);
      if (payload.errors) failures.push(...payload.errors);
    });
  });
  socket.send(JSON.stringify({ id, type: 'subscribe', payload: { query, variables } }));
  return { socket, told, texts, costs, errors: failures, closed, isComplete: () => isComplete };
}
