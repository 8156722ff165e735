/** What a connection is used for. */
export type Purpose = keyof typeof purposes;

/**
 * All connections of a process. `patience` is how many times `DATABASE_TIMEOUT_MS` a statement may take. A name that
 * begins with dramatis-start belongs to a process that does not serve yet.
 */
const purposes = {
  /** Requests and tasks. */
  requests: { application: 'dramatis', connections: 20, patience: 1 },
  /** Lists and libraries. They stay open, since each knows statements by name; and no timer is set for each read. */
  reads: { application: 'dramatis-reads', connections: 10, patience: 1, staysOpen: true },
  /** Files of any size: a portion of one may take long. */
  exports: { application: 'dramatis-exports', connections: 2, patience: 8 },
  /** The job queue's own upkeep. */
  jobs: { application: 'dramatis-jobs', connections: 2, patience: 1 },
  /** Fetching jobs and renewing leases, which end after ten seconds: a connection is given up before that. */
  leases: { application: 'dramatis-leases', connections: 3, patience: 0.2, mostMs: 6_000 },
  events: { application: 'dramatis-events', connections: 1, patience: 0.2 },
  /** Points; without an answer each process counts by itself. */
  limits: { application: 'dramatis-limits', connections: 2, patience: 0.2 },
  /** Asks whether the database can be worked with, on a connection that is always a new one. */
  health: { application: 'dramatis-health', connections: 1, patience: 0.1 },
  /** Compares all of the database with itself, portion by portion. Also a program of its own, which serves nothing. */
  verify: { application: 'dramatis-verify', connections: 1, patience: 40 },
  /** What is done before a process serves. The session that migrates has its limits lifted. */
  start: { application: 'dramatis-start', connections: 2, patience: 4 },
} as const satisfies Record<string, PurposeSettings>;

interface PurposeSettings {
  readonly application: string;
  readonly connections: number;
  readonly patience: number;
  /** A statement never takes longer than this. */
  readonly mostMs?: number;
  readonly staysOpen?: boolean;
}

/** What a connection for a purpose is given. */
export interface Plan {
  readonly application: string;
  readonly connections: number;
  /** For connecting, and for waiting until another's connection is free. */
  readonly connectTimeoutMs: number;
  /** Without a byte for so long the connection is given up. Longer than a statement may take: Postgres may stand still. */
  readonly answerTimeoutMs: number;
  /** An idle connection is closed after this; 0 is never. */
  readonly idleTimeoutMs: number;
  /** What Postgres is told, by its own names and in its own spelling. */
  readonly session: Readonly<Record<string, string>>;
}

/** The settings of a purpose. Pure. */
export function planOf(purpose: Purpose, timeoutMs: number): Plan {
  const settings: PurposeSettings = purposes[purpose];
  const {
    application,
    connections,
    patience,
    mostMs = Number.POSITIVE_INFINITY,
    staysOpen = false,
  } = settings;
  const statementMs = Math.ceil(Math.min(timeoutMs * patience, mostMs));
  return {
    application,
    connections,
    connectTimeoutMs: Math.ceil(Math.min(statementMs, timeoutMs / 2)),
    answerTimeoutMs: Math.ceil(statementMs * 1.2),
    idleTimeoutMs: staysOpen ? 0 : 10_000,
    session: {
      application_name: application,
      client_encoding: 'UTF8',
      search_path: 'public',
      // How moments and numbers are written as text. Prisma and the reader take text as it comes.
      TimeZone: 'UTC',
      DateStyle: 'ISO, MDY',
      IntervalStyle: 'postgres',
      bytea_output: 'hex',
      extra_float_digits: '1',
      default_transaction_isolation: 'read committed',
      statement_timeout: duration(statementMs),
      lock_timeout: duration(Math.ceil((statementMs * 2) / 3)),
      // Before those give up who wait for a lock: the process that holds it may have gone silent.
      idle_in_transaction_session_timeout: duration(Math.ceil(statementMs / 2)),
      // Idle connections are ours to close.
      idle_session_timeout: '0',
      transaction_timeout: '0',
      // Compiling an expensive plan to machine code takes longer than running any plan of ours.
      jit: 'off',
    },
  };
}

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** Milliseconds as Postgres shows them: in the largest unit that divides them. */
function duration(ms: number): string {
  const [unit, size] = units.find(([, each]) => ms % each === 0) ?? ['ms', 1];
  return `${ms / size}${unit}`;
}
