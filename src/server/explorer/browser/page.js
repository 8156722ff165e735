// JavaScript, because TypeScript would give the browser's globals to the whole server.
import 'graphiql/style.css';
import './page.css';
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { CloseCode, createClient } from 'graphql-ws';
import { createElement as h, useEffect, useMemo, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { examples } from './examples.ts';
import { KeyStrip } from './key-strip.js';

/** Kept for the browser tab's life only: the key opens everything. */
const keySlot = 'dramatis:admin-key';
const defaultTabs = examples.map(({ query, variables }) => ({
  query,
  variables: JSON.stringify(variables, null, 2),
}));

/** The page's own address is GraphQL's as well, at whatever path a proxy has put it. */
const endpoint = new URL(location.pathname.replace(/\/+$/, ''), location.href);

/** The whole page: the strip with the key, and GraphiQL speaking with that key. */
function Explorer() {
  const [session, setSession] = useState(() => ({ key: sessionStorage.getItem(keySlot) ?? '' }));
  const { key } = session;
  const [access, setAccess] = useState('unknown');
  const [environment, setEnvironment] = useState(null);
  const connection = useMemo(() => connect(session.key, setAccess), [session]);
  // A socket was opened with one key: another key needs another socket.
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
    // A new object also for the same key: a second try, say after the server was down.
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
        // Null: without a key the schema is not even asked for.
        schema: key ? undefined : null,
        defaultTabs,
        isHeadersEditorEnabled: false,
        showPersistHeadersSettings: false,
        defaultEditorToolsVisibility: 'variables',
      }),
    ),
  );
}

/** SIMULATOR or LIVE; null where the server does not say. */
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

/** HTTP and WebSocket to this server with one key; tells 'granted' or 'refused' with each answer. */
function connect(key, onAccess) {
  const authorization = `Bearer ${key}`;
  const socket = createClient({
    url: endpoint.href.replace(/^http/, 'ws'),
    connectionParams: { authorization },
    // A refused key stays refused; any other end is tried again.
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

/** Forgets edited tabs, so that the examples are there again. */
function resetTabs() {
  if (!confirm('Replace all tabs with the examples?')) return;
  for (const name of Object.keys(localStorage)) {
    if (/^graphiql:(tabState|query|variables|headers)$/.test(name)) localStorage.removeItem(name);
  }
  location.reload();
}

createRoot(document.getElementById('explorer')).render(h(Explorer));
