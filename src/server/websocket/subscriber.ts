import { createHash } from 'node:crypto';
import { type DocumentNode, type ExecutionArgs, print, TypeInfo, visit, visitWithTypeInfo } from 'graphql';
import { MessageType } from 'graphql-ws';
import type { RateLimited } from '../../errors.ts';
import { credentialOf } from '../../features/access/review-access.ts';
import type { Viewer } from '../../platform/auth/viewer.ts';
import type { Followed } from '../../platform/events/followed.ts';
import type { Cost } from '../../platform/limits/cost-meter.ts';
import type { RateLimit } from '../rate-limit.ts';
import { textFrame } from './text-frame.ts';
import { type Connection, isSlow, push } from './websocket-connection.ts';

/** One subscription of one client. A class, because sending to thousands then touches little memory of each. */
export class Subscriber {
  readonly viewer: Viewer;
  /** The name of the viewer's credential. Subscribers with the same credential have the same name. */
  readonly credential: string;
  readonly args: ExecutionArgs;
  readonly followed: Followed;
  /** Equal for subscribers that follow the same with the same document and variables. */
  readonly key: string;
  readonly ended: AbortSignal;
  /** The newest step that the client has; null when the current state must be sent first. */
  position: bigint | null;
  private readonly connection: Started['connection'];
  private readonly rateLimit: RateLimit;
  private readonly points: number;
  private readonly head: Buffer;

  constructor(started: Started, followed: Followed, ended: AbortSignal) {
    this.viewer = started.viewer;
    this.credential = credentialOf(started.viewer);
    this.args = started.args;
    this.followed = followed;
    this.key = shareKey(started.args, followed);
    this.ended = ended;
    this.position = followed.after;
    this.connection = started.connection;
    this.rateLimit = started.rateLimit;
    this.points = started.points;
    this.head = ownBytes(`{"id":${JSON.stringify(started.id)},"type":"${MessageType.Next}","payload":{`);
  }

  /**
   * Charges the next step, mostly without waiting. Returns or resolves to RateLimited when there are too few points.
   */
  charge(): Cost | Promise<Cost | RateLimited> {
    return this.rateLimit.chargeEvent(this.points);
  }

  /** Whether the client has not yet read much of what was sent. */
  isSlow(): boolean {
    return isSlow(this.connection);
  }

  /** Sends a step without waiting. */
  push(payload: Buffer, cost: Cost): void {
    push(this.connection, this.message(payload, cost));
  }

  /** Sends a step and waits until it is written to the network. */
  send(payload: Buffer, cost: Cost): Promise<void> {
    return this.connection.send(this.message(payload, cost));
  }

  /** Builds the message. All its bytes except id and cost are the same for all subscribers. */
  private message(payload: Buffer, { requested, remaining, restoreRate }: Cost): Buffer {
    const cost = `{"requested":${requested},"remaining":${remaining},"restoreRate":${restoreRate}}`;
    return textFrame(this.head, payload, `,"extensions":{"cost":${cost}}}}`);
  }
}

/**
 * The bytes of a text that is kept for long. A small `Buffer.from` is a part of a shared block, and would keep all of
 * the block in memory.
 */
function ownBytes(text: string): Buffer {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  bytes.write(text);
  return bytes;
}

/** A subscription that is admitted and has no source of events yet. */
export interface Started {
  readonly connection: Connection;
  /** The client's id for the subscription. */
  readonly id: string;
  readonly args: ExecutionArgs;
  readonly viewer: Viewer;
  readonly rateLimit: RateLimit;
  /** The cost of each step, in query points. */
  readonly points: number;
}

function shareKey({ schema, document, operationName, variableValues }: ExecutionArgs, followed: Followed) {
  // A variable that is omitted has its default, unlike a variable that is null. So the two must differ here.
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
 * The variables that results depend on. Variables that are only arguments of the subscription's own field are left out,
 * because `followed` covers them. Otherwise clients that reconnect, each with another `after`, would share no results.
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
