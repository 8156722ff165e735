/** What a connection is used for. */
export type Purpose = keyof typeof purposes;

/**
 * All connections of a process. `patience` is how many times `DATABASE_TIMEOUT_MS` a statement may take. A name that
 * begins with dramatis-start belongs to a process that does not serve yet.
 */
const purposes = {
  /** Requests and tasks. */
  requests: { application: 'dramatis', connections: 20, patience: 1 },
  /** Reads of lists and libraries. The connections stay open, because each knows statements by name. */
  reads: { application: 'dramatis-reads', connections: 10, patience: 1, staysOpen: true },
  /** Files of any size: reading a portion of a file may take long. */
  exports: { application: 'dramatis-exports', connections: 2, patience: 8 },
  /** The job queue's own upkeep. It is rare, and a new connection for each pass would cost more than the pass. */
  jobs: { application: 'dramatis-jobs', connections: 2, patience: 1, staysOpen: true },
  /**
   * Fetching jobs and renewing leases. A lease ends after ten seconds, so a silent connection is given up before that.
   */
  leases: { application: 'dramatis-leases', connections: 3, patience: 0.2, mostMs: 6_000 },
  events: { application: 'dramatis-events', connections: 1, patience: 0.2 },
  /** Points of the rate limit. Without an answer each process counts by itself. */
  limits: { application: 'dramatis-limits', connections: 2, patience: 0.2 },
  /** The check whether the database can be used. It always opens a new connection. */
  health: { application: 'dramatis-health', connections: 1, patience: 0.1 },
  /** Compares all of the database with itself, portion by portion. The separate program `verify` uses it also. */
  verify: { application: 'dramatis-verify', connections: 1, patience: 40 },
  /** The work before a process serves. The session that migrates removes its limits. */
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

/** The settings of a connection for a purpose. */
export interface Plan {
  readonly application: string;
  readonly connections: number;
  /** For connecting, and for waiting until a connection of the pool is free. */
  readonly connectTimeoutMs: number;
  /**
   * A connection is given up after this time without a byte. It is longer than the statement timeout, at which a
   * working Postgres answers with an error.
   */
  readonly answerTimeoutMs: number;
  /** An idle connection is closed after this; 0 is never. */
  readonly idleTimeoutMs: number;
  /** The settings of the session: Postgres' names and values. */
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
      // How moments and numbers are written as text. Prisma and the reader expect exactly these forms.
      TimeZone: 'UTC',
      DateStyle: 'ISO, MDY',
      IntervalStyle: 'postgres',
      bytea_output: 'hex',
      extra_float_digits: '1',
      default_transaction_isolation: 'read committed',
      statement_timeout: duration(statementMs),
      lock_timeout: duration(Math.ceil((statementMs * 2) / 3)),
      // Shorter than the lock timeout: when the process that holds a lock went silent, the waiting statements still get
      // it.
      idle_in_transaction_session_timeout: duration(Math.ceil(statementMs / 2)),
      // Postgres must not close idle connections: the pool does.
      idle_session_timeout: '0',
      transaction_timeout: '0',
      // Compiling an expensive plan to machine code would take longer than running any plan of this server.
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

/** Milliseconds as Postgres shows them: in the largest unit that divides the number. */
function duration(ms: number): string {
  const [unit, size] = units.find(([, each]) => ms % each === 0) ?? ['ms', 1];
  return `${ms / size}${unit}`;
}
