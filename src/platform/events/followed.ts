/** A step of what is followed, as it is told. */
export interface Step {
  /** The event's number; for what stood before the first event that is told, that of the newest one by then. */
  readonly sequence: bigint;
  /** What the subscription's field resolves from. */
  readonly value: unknown;
  /** Nothing follows on it. */
  readonly isLast: boolean;
}

/** The most steps of one read. */
export const stepsAtOnce = 200;

/** What one read brings. */
export interface Batch {
  /** In order, at most `stepsAtOnce`. */
  readonly steps: readonly Step[];
  /**
   * Reads what comes after them; null when they reach the newest step. Their number says nothing about that: a state may
   * end with a step that is older than the newest.
   */
  readonly readOn: (() => Promise<Batch>) | null;
}

/**
 * What a subscription follows. Not the steps themselves: the door reads them, since it knows who else follows the same,
 * and asks anew whether they still may before it tells them.
 */
export class Followed implements AsyncIterable<never> {
  /** Names it among all that can be followed; with the document and the variables it decides over what is told. */
  readonly name: string;
  readonly projectId: string;
  /** What somebody who has lost their access is told was not found. */
  readonly what: string;
  /** The newest step that is known already; null when what stands must be told first. */
  readonly after: bigint | null;
  /** The steps after one; the same for every reader. */
  readonly read: (after: bigint | null) => Promise<Batch>;

  constructor(followed: Pick<Followed, 'name' | 'projectId' | 'what' | 'after' | 'read'>) {
    this.name = followed.name;
    this.projectId = followed.projectId;
    this.what = followed.what;
    this.after = followed.after;
    this.read = followed.read;
  }

  /** GraphQL wants every source to have one. */
  [Symbol.asyncIterator](): never {
    throw new Error('What is followed is read by the door.');
  }
}
