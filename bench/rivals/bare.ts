import { ApolloServer } from '@apollo/server';
import fastifyApollo, { fastifyApolloDrainPlugin } from '@as-integrations/fastify';
import Fastify from 'fastify';

/*
 * Apollo on Fastify as their manuals show it, with a schema of one field. It authenticates no client, counts nothing
 * and reads nothing: the least that a request costs with these two libraries.
 */
const typeDefs = `
  type Query { viewer: Viewer! }
  type Viewer { kind: ViewerKind! }
  enum ViewerKind { ADMIN USER API_KEY }
`;
const resolvers = { Query: { viewer: () => ({ kind: 'API_KEY' }) } };

const app = Fastify();
const apollo = new ApolloServer({ typeDefs, resolvers, plugins: [fastifyApolloDrainPlugin(app)] });
await apollo.start();
await app.register(fastifyApollo(apollo));
const url = await app.listen({ host: '127.0.0.1', port: 0 });
process.stdout.write(`${JSON.stringify({ msg: 'listening', url })}\n`);
process.on('SIGTERM', () => process.exit(0));
