/** One value that a subscription sends. */
export interface Step {
  /** The event's number. For a state that is sent before the first event, the number of the newest event by then. */
  readonly sequence: bigint;
  /** The source value of the subscription's field. */
  readonly value: unknown;
  /** Whether no step can follow. */
  readonly isLast: boolean;
}

/** The most steps of one read. */
export const stepsAtOnce = 200;

/** The result of one read. */
export interface Batch {
  /** In order, at most `stepsAtOnce`. */
  readonly steps: readonly Step[];
  /**
   * Reads the steps that follow; null when these reach the newest step. The number of steps does not show whether they
   * do: a state may end with a step that is older than the newest.
   */
  readonly readOn: (() => Promise<Batch>) | null;
}

/**
 * What a subscription follows. It has no steps itself: the WebSocket transport reads them, because it knows which other
 * subscriptions follow the same, and checks the access of each viewer again before it sends a step.
 */
export class Followed implements AsyncIterable<never> {
  /** Its name among all that can be followed. The name, the document and the variables decide which values are sent. */
  readonly name: string;
  readonly projectId: string;
  /** What the NotFound error names when the viewer has lost access. */
  readonly what: string;
  /** The newest step that the client knows; null when the current state must be sent first. */
  readonly after: bigint | null;
  /** The steps after a given step; the same for every reader. */
  readonly read: (after: bigint | null) => Promise<Batch>;

  constructor(followed: Pick<Followed, 'name' | 'projectId' | 'what' | 'after' | 'read'>) {
    this.name = followed.name;
    this.projectId = followed.projectId;
    this.what = followed.what;
    this.after = followed.after;
    this.read = followed.read;
  }

  /** GraphQL requires that every source has an iterator. */
  [Symbol.asyncIterator](): never {
    throw new Error('The steps of a subscription are read by the WebSocket transport.');
  }
}
