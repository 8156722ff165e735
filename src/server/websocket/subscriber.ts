import { createHash } from 'node:crypto';
import { type DocumentNode, type ExecutionArgs, print, TypeInfo, visit, visitWithTypeInfo } from 'graphql';
import { MessageType } from 'graphql-ws';
import type { RateLimited } from '../../errors.ts';
import { credentialOf } from '../../features/access/review-access.ts';
import type { Viewer } from '../../platform/auth/viewer.ts';
import type { Followed } from '../../platform/events/followed.ts';
import type { Cost } from '../../platform/limits/cost-meter.ts';
import type { Purse } from '../purse.ts';
import { textFrame } from './text-frame.ts';
import { type Connection, isSlow, push } from './websocket-connection.ts';

/** One subscription of one client. A class, so that telling thousands touches little memory of each. */
export class Subscriber {
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
  private readonly connection: Started['connection'];
  private readonly purse: Purse;
  private readonly points: number;
  private readonly head: Buffer;

  /** A subscription as it starts. */
  constructor(started: Started, followed: Followed, ended: AbortSignal) {
    this.viewer = started.viewer;
    this.credential = credentialOf(started.viewer);
    this.args = started.args;
    this.followed = followed;
    this.key = shareKey(started.args, followed);
    this.ended = ended;
    this.position = followed.after;
    this.connection = started.connection;
    this.purse = started.purse;
    this.points = started.points;
    this.head = Buffer.from(`{"id":${JSON.stringify(started.id)},"type":"${MessageType.Next}","payload":{`);
  }

  /** Pays for the next step, mostly at once; comes to the refusal of a purse with too little in it. */
  pay(): Cost | Promise<Cost | RateLimited> {
    return this.purse.payNext(this.points);
  }

  /** Whether much of what it was told still waits to be read. */
  isSlow(): boolean {
    return isSlow(this.connection);
  }

  /** Tells a step and waits for nothing. */
  push(payload: Buffer, cost: Cost): void {
    push(this.connection, this.message(payload, cost));
  }

  /** Tells a step and waits until it is on its way. */
  send(payload: Buffer, cost: Cost): Promise<void> {
    return this.connection.send(this.message(payload, cost));
  }

  /** All but id and cost is the same bytes for everybody. */
  private message(payload: Buffer, { requested, remaining, restoreRate }: Cost): Buffer {
    const cost = `{"requested":${requested},"remaining":${remaining},"restoreRate":${restoreRate}}`;
    return textFrame(this.head, payload, `,"extensions":{"cost":${cost}}}}`);
  }
}

/** What is known of a subscription before it follows anything. */
export interface Started {
  readonly connection: Connection;
  /** The client's name for it. */
  readonly id: string;
  readonly args: ExecutionArgs;
  readonly viewer: Viewer;
  readonly purse: Purse;
  /** The price of each step. */
  readonly points: number;
}

function shareKey({ schema, document, operationName, variableValues }: ExecutionArgs, followed: Followed) {
  // One that is left out has its default, unlike one that is null.
  const variables = [...answeringVariables({ schema, document })].map((name) =>
    variableValues && Object.hasOwn(variableValues, name) ? [name, variableValues[name]] : [name],
  );
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
