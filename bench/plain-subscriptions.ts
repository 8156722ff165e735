import { createServer } from 'node:http';
import { buildSchema } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';

/*
 * Plain graphql-ws, for `fan-out.ts`: a schema of the same shape, no checks of access, events from memory. A POST
 * sends an event: its body is the value of the field. Prints its port.
 */
const schema = buildSchema(`
  type Query { ok: Boolean }
  type Subscription { projectEvents(projectId: ID!): ProjectEvent! }
  type ProjectEvent { sequence: Int! kind: String! at: String! character: Character generation: Generation }
  type Character {
    id: ID! name: String! description: String appearance: String tags: [String!]! archivedAt: String updatedAt: String!
  }
  type Generation { id: ID! status: String! cost: String }
`);

let send: (event: unknown) => void;
let next: Promise<unknown>;
function awaitNext(): void {
  ({ promise: next, resolve: send } = Promise.withResolvers<unknown>());
}
awaitNext();

async function* events() {
  for (;;) yield { projectEvents: await next };
}

const server = createServer((request, response) => {
  let body = '';
  request.on('data', (text) => {
    body += text;
  });
  request.on('end', () => {
    const sendCurrent = send;
    awaitNext();
    sendCurrent(JSON.parse(body));
    response.end();
  });
});
useServer(
  { schema, roots: { subscription: { projectEvents: events } } },
  new WebSocketServer({ server, path: '/graphql' }),
);
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' ? address?.port : ''}\n`);
});
