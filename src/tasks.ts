import { watchDatabase } from './features/database-review/watch-database.ts';
import { wakeups } from './features/generations/queue/wakeup.ts';
import { watchProvider } from './features/incidents/watch-provider.ts';
import { removeProjectsRegularly } from './features/project-deletion/tasks/remove-projects.ts';
import type { ProviderHealth } from './features/provider/provider-health.ts';
import { watchEnvironment } from './features/provider/watch-environment.ts';
import { tendKeysRegularly } from './features/provider-keys/tend-provider-keys.ts';
import { reconcileRegularly } from './features/reconciliation/tasks/reconcile-regularly.ts';
import { removeRegularly } from './features/retention/tasks/remove-regularly.ts';
import { sweepStorageRegularly } from './features/storage-sweep/tasks/sweep-storage.ts';
import { readAllRegularly } from './features/verification/tasks/read-all-regularly.ts';
import { verifyRegularly } from './features/verification/tasks/verify-regularly.ts';
import type { Verified } from './features/verification/verify-and-anchor.ts';
import { admitRegularly } from './features/worker/admit-waiting.ts';
import { advanceGenerations } from './features/worker/advance-generation.ts';
import { sweepRegularly } from './features/worker/sweep-generations.ts';
import type { TaskContext } from './platform/context.ts';
import type { Task } from './platform/jobs/define-task.ts';

/** The tools of tasks. */
interface TaskTools extends TaskContext {
  /** Whether this process reaches the provider. */
  readonly health: ProviderHealth;
  /** The database, the anchors and the storage that are verified. */
  readonly verified: Verified;
  /** How long a paid call may take, in milliseconds. */
  readonly longestCallMs: number;
}

/** The kinds of job that processes send to each other. */
export const jobKinds = [wakeups];

/** The tasks of each process. */
export const tasksOfEach: readonly Task<TaskTools>[] = [watchDatabase];

/** The further tasks of a process that works on runs. */
export const tasksOfWorkers: readonly Task<TaskTools>[] = [
  advanceGenerations,
  admitRegularly,
  sweepRegularly,
  tendKeysRegularly,
  watchProvider,
  reconcileRegularly,
  removeProjectsRegularly,
  verifyRegularly,
  readAllRegularly,
  removeRegularly,
  sweepStorageRegularly,
  watchEnvironment,
];
