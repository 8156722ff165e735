import type { JobHandler, JobKind } from './job.ts';
import type { JobQueue } from './job-queue.ts';
import { doRounds, type LoopTools, type RegularTask } from './regular.ts';

/** Work that a process does besides answering requests: jobs of a kind, or regular rounds. */
export interface Task<Tools> {
  readonly name: string;
  /** Begins the work. Rounds end when `signal` aborts. Work on jobs ends at the hand-over of the queue. */
  readonly start: (tools: Tools, signal: AbortSignal) => void;
}

/** A task that works on the jobs of a kind. */
export interface JobTask<Tools, Payload extends object> extends JobKind<Payload> {
  /** How many jobs a process works on at a time. A function is called before each fetch; with 0 none is fetched. */
  readonly places: number | ((tools: Tools) => number);
  /** Whether the process also answers requests: then fewer jobs begin while its event loop is busy. */
  readonly leavesRoom?: (tools: Tools) => boolean;
  /** Sends one job in each period, for all processes together. A period in which no process runs has no job. */
  readonly schedule?: { readonly everySeconds: number; readonly payload: Payload };
  /** Called once in a process, so that the task can keep state. Returns the handler of a job. */
  readonly run: (tools: Tools) => JobHandler<Payload>;
}

/** The tools of a process that the work on jobs needs. */
export interface JobTools extends LoopTools {
  readonly jobs: JobQueue;
}

/** Defines a task. A definition with a `schema` works on jobs, one without does rounds. */
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
  const { places } = task;
  const placesNow = typeof places === 'number' ? places : () => places(tools);
  tools.jobs.work(task, task.run(tools), placesNow, task.leavesRoom?.(tools));
  if (task.schedule) void doRounds(scheduleOf(task, task.schedule), tools, signal);
}

/** The longest delay of a period's job. For a short period it is a tenth of the period. */
const latestMs = 30_000;

/** Each process asks for the job of a period. Only the first request adds it. */
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
