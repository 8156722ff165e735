import type { JobHandler, JobKind } from './job.ts';
import type { JobQueue } from './job-queue.ts';
import { doRounds, type LoopTools, type RegularTask } from './regular.ts';

/** Work that a process does besides answering requests: jobs of a kind, or rounds of something that is done regularly. */
export interface Task<Tools> {
  readonly name: string;
  /** Begins; the rounds end when `signal` aborts, the work on jobs at the hand-over of the queue. */
  readonly start: (tools: Tools, signal: AbortSignal) => void;
}

/** A task that works on the jobs of a kind. */
export interface JobTask<Tools, Payload extends object> extends JobKind<Payload> {
  /** How many jobs a process works on at a time. */
  readonly places: number | ((tools: Tools) => number);
  /** Sends a job in each period, one for all processes. A period in which no process works has none. */
  readonly schedule?: { readonly everySeconds: number; readonly payload: Payload };
  /** Is called once in a process, so that a task has a place for what it remembers. Returns what is done with a job. */
  readonly run: (tools: Tools) => JobHandler<Payload>;
}

/** What the work on jobs needs of a process. */
export interface JobTools extends LoopTools {
  readonly jobs: JobQueue;
}

/** Defines a task, once for all processes: what has a `schema` works on jobs, what has none does rounds. */
export function defineTask<Tools, Payload extends object>(
  task: JobTask<Tools, Payload>,
): Task<Tools & JobTools>;
export function defineTask<Tools>(task: RegularTask<Tools>): Task<Tools & LoopTools>;
export function defineTask<Tools, Payload extends object>(
  task: JobTask<Tools, Payload> | RegularTask<Tools>,
): Task<Tools & JobTools> {
  return {
    name: task.name,
    start(tools, signal) {
      if ('schema' in task) startJobs(task, tools, signal);
      else void doRounds<Tools & JobTools>(task, tools, signal);
    },
  };
}

function startJobs<Tools, Payload extends object>(
  task: JobTask<Tools, Payload>,
  tools: Tools & JobTools,
  signal: AbortSignal,
): void {
  const places = typeof task.places === 'number' ? task.places : task.places(tools);
  tools.jobs.work(task, task.run(tools), places);
  if (task.schedule) void doRounds(scheduleOf(task, task.schedule), tools, signal);
}

/** A period's job comes so late at the most, or after a tenth of a short period. */
const latestMs = 30_000;

/** Each process asks for the job of a period; the first one has it added. */
function scheduleOf<Payload extends object>(
  kind: JobKind<Payload>,
  { everySeconds, payload }: { readonly everySeconds: number; readonly payload: Payload },
): RegularTask<JobTools> {
  return {
    name: `schedule of ${kind.name}`,
    each: 'process',
    everyMs: Math.min(everySeconds * 100, latestMs),
    words: {
      failed: `no ${kind.words.many} can be scheduled`,
      over: `${kind.words.many} are scheduled again`,
    },
    run:
      ({ jobs }) =>
      () =>
        jobs.sendOncePer(kind, everySeconds, payload),
  };
}

/** Starts tasks in a process. */
export function startTasks<Tools>(tools: Tools, tasks: readonly Task<Tools>[], signal: AbortSignal): void {
  for (const task of tasks) task.start(tools, signal);
}
