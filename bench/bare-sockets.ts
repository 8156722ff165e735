import { createServer } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';

/* Sockets of `ws` that do nothing but accept a subscription, for `sockets.ts`: what a connection costs by itself. */
const open = new Set<WebSocket>();
const server = createServer();
const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
server.on('upgrade', (request, stream, head) =>
  sockets.handleUpgrade(request, stream, head, (socket) => {
    open.add(socket);
    socket.on('message', (text) => {
      if (String(text).includes('connection_init')) socket.send('{"type":"connection_ack"}');
    });
  }),
);
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') console.log(String(address.port));
});
process.on('SIGTERM', () => process.exit(0));
