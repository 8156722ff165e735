// This is JavaScript, because TypeScript would declare the browser's globals for the whole server.
import 'graphiql/style.css';
import './page.css';
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { CloseCode, createClient } from 'graphql-ws';
import { createElement as h, useEffect, useMemo, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { examples } from './examples.ts';
import { KeyStrip } from './key-strip.js';

/** The key is kept only until the browser tab is closed, because it may be the admin's. */
const keySlot = 'dramatis:admin-key';
const defaultTabs = examples.map(({ query, variables }) => ({
  query,
  variables: JSON.stringify(variables, null, 2),
}));

/** The page's own address is also the GraphQL endpoint, at any path that a proxy gives it. */
const endpoint = new URL(location.pathname.replace(/\/+$/, ''), location.href);

/** The whole page: the strip with the key, and GraphiQL, which uses that key. */
function Explorer() {
  const [session, setSession] = useState(() => ({ key: sessionStorage.getItem(keySlot) ?? '' }));
  const { key } = session;
  const [access, setAccess] = useState('unknown');
  const [environment, setEnvironment] = useState(null);
  const connection = useMemo(() => connect(session.key, setAccess), [session]);
  // A socket is opened with one key, so another key needs a new socket.
  useEffect(() => () => void connection.socket.dispose(), [connection]);

  useEffect(() => {
    let isCurrent = true;
    setEnvironment(null);
    if (access !== 'granted') return;
    findEnvironment(key).then((found) => isCurrent && setEnvironment(found));
    return () => {
      isCurrent = false;
    };
  }, [access, key]);

  const connectWith = (next) => {
    sessionStorage.setItem(keySlot, next);
    setAccess('unknown');
    // A new object also for the same key, so that a second try connects again, for example after the server was down.
    setSession({ key: next });
  };
  return h(
    'div',
    { className: 'explorer' },
    h(KeyStrip, {
      adminKey: key,
      access: key ? access : 'missing',
      environment,
      onConnect: connectWith,
      onReset: resetTabs,
    }),
    h(
      'main',
      { className: 'explorer-editor' },
      h(GraphiQL, {
        fetcher: connection.fetcher,
        // Null: without a key the schema is not requested.
        schema: key ? undefined : null,
        defaultTabs,
        isHeadersEditorEnabled: false,
        showPersistHeadersSettings: false,
        defaultEditorToolsVisibility: 'variables',
      }),
    ),
  );
}

/** SIMULATOR or LIVE; null when the server does not say. */
async function findEnvironment(key) {
  try {
    const answer = await fetch(endpoint, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ provider { environment } }' }),
    });
    return (await answer.json()).data?.provider.environment ?? null;
  } catch {
    return null;
  }
}

/** HTTP and WebSocket to this server with one key. Calls `onAccess` with 'granted' or 'refused' for each answer. */
function connect(key, onAccess) {
  const authorization = `Bearer ${key}`;
  const socket = createClient({
    url: endpoint.href.replace(/^http/, 'ws'),
    connectionParams: { authorization },
    // A refused key stays refused. After any other close the client connects again.
    shouldRetry: (end) => end.code !== CloseCode.Forbidden,
    on: {
      connected: () => onAccess('granted'),
      closed: (end) => end.code === CloseCode.Forbidden && onAccess('refused'),
    },
  });
  const fetcher = createGraphiQLFetcher({
    url: endpoint.href,
    wsClient: socket,
    headers: key ? { authorization } : {},
    enableIncrementalDelivery: false,
    fetch: async (url, init) => {
      const answer = await fetch(url, init);
      onAccess(answer.status === 401 ? 'refused' : 'granted');
      return answer;
    },
  });
  return { socket, fetcher };
}

/** Removes the edited tabs, so that the examples are shown again. */
function resetTabs() {
  if (!confirm('Replace all tabs with the examples?')) return;
  for (const name of Object.keys(localStorage)) {
    if (/^graphiql:(tabState|query|variables|headers)$/.test(name)) localStorage.removeItem(name);
  }
  location.reload();
}

createRoot(document.getElementById('explorer')).render(h(Explorer));
