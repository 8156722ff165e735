import { createHash } from 'node:crypto';
import { type DocumentNode, type ExecutionArgs, print, TypeInfo, visit, visitWithTypeInfo } from 'graphql';
import { MessageType } from 'graphql-ws';
import type { RateLimited } from '../errors.ts';
import { credentialOf } from '../features/access/review-access.ts';
import type { Viewer } from '../platform/auth/viewer.ts';
import type { Followed } from '../platform/events/followed.ts';
import type { Cost } from '../platform/limits/cost-meter.ts';
import type { Purse } from './purse.ts';
import type { Connection } from './websocket-connection.ts';

/** One subscription of one client. */
export interface Subscriber {
  readonly viewer: Viewer;
  /** The same for those who came with the same. */
  readonly credential: string;
  readonly args: ExecutionArgs;
  readonly followed: Followed;
  /** The same for those who follow the same with the same document and variables. */
  readonly key: string;
  readonly ended: AbortSignal;
  /** The newest step that it was told. */
  position: bigint | null;
  /** Pays for the next step, mostly at once; comes to the refusal of a purse with too little in it. */
  pay(): Cost | Promise<Cost | RateLimited>;
  /** Whether much of what it was told still waits to be read. */
  isSlow(): boolean;
  /** Tells a step and waits for nothing. */
  push(payload: Buffer, cost: Cost): void;
  /** Tells a step and waits until it is on its way. */
  send(payload: Buffer, cost: Cost): Promise<void>;
}

/** A subscription as it starts. `points` is the price of each step. */
export function createSubscriber(
  { connection, id, args, viewer, purse, points }: Started,
  followed: Followed,
  ended: AbortSignal,
): Subscriber {
  const head = Buffer.from(`{"id":${JSON.stringify(id)},"type":"${MessageType.Next}","payload":{`);
  // All but id and cost is the same bytes for everybody.
  function message(payload: Buffer, cost: Cost): Buffer {
    const tail = `,"extensions":{"cost":${JSON.stringify(cost)}}}}`;
    const bytes = Buffer.allocUnsafe(head.length + payload.length + tail.length);
    bytes.set(head);
    bytes.set(payload, head.length);
    bytes.write(tail, head.length + payload.length, 'latin1');
    return bytes;
  }
  return {
    viewer,
    credential: credentialOf(viewer),
    args,
    followed,
    key: shareKey(args, followed),
    ended,
    position: followed.after,
    pay: () => purse.payNext(points),
    isSlow: () => connection.isSlow(),
    push: (payload, cost) => connection.push(message(payload, cost)),
    send: (payload, cost) => connection.send(message(payload, cost)),
  };
}

/** What is known of a subscription before it follows anything. */
export interface Started {
  readonly connection: Pick<Connection, 'isSlow' | 'push' | 'send'>;
  /** The client's name for it. */
  readonly id: string;
  readonly args: ExecutionArgs;
  readonly viewer: Viewer;
  readonly purse: Purse;
  readonly points: number;
}

function shareKey({ schema, document, operationName, variableValues }: ExecutionArgs, followed: Followed) {
  const variables = [...answeringVariables({ schema, document })].map((name) => [
    name,
    variableValues?.[name],
  ]);
  const text = document.loc?.source.body ?? print(document);
  return createHash('sha256')
    .update(JSON.stringify([followed.name, text, operationName, variables]))
    .digest('base64url');
}

const answering = new WeakMap<DocumentNode, ReadonlySet<string>>();

/**
 * The variables that answers depend on: all but those that only say what is followed and from where, which `followed`
 * knows. Clients that come back each give another `after`.
 */
function answeringVariables({ schema, document }: Pick<ExecutionArgs, 'schema' | 'document'>) {
  const known = answering.get(document);
  if (known) return known;
  const names = new Set<string>();
  const info = new TypeInfo(schema);
  const visitor = visitWithTypeInfo(info, {
    VariableDefinition: () => false,
    Argument: () =>
      info.getParentType() === schema.getSubscriptionType() && !info.getDirective() ? false : undefined,
    Variable: ({ name }) => void names.add(name.value),
  });
  visit(document, visitor);
  answering.set(document, names);
  return names;
}
