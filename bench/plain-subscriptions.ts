import { createServer } from 'node:http';
import { buildSchema } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';

/*
 * graphql-ws as it comes, for `fan-out.ts`: the same shape of schema, nobody's rights, events from memory. POST tells
 * one: its body is what the field resolves to. Prints its port.
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

let tell: (event: unknown) => void;
let next: Promise<unknown>;
function awaitNext(): void {
  ({ promise: next, resolve: tell } = Promise.withResolvers<unknown>());
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
    const told = tell;
    awaitNext();
    told(JSON.parse(body));
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
