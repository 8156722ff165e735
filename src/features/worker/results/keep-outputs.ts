import type { TaskContext } from '../../../platform/context.ts';
import { forEachOf } from '../../../platform/for-each-of.ts';
import type { Output } from '../../../platform/segmind/outputs.ts';
import { putBlob } from '../../../platform/storage/put-blob.ts';
import type { StoredOutputProblem } from '../../generations/output-problem.ts';
import type { DeliveredOutput } from '../../generations/stored-run.ts';

/**
 * So many outputs of a run become pictures. The catalogue's models draw eighty at the most, so more is no result that a
 * person waits for, and each costs a row, a file and a place in the run's own row.
 */
export const mostOutputs = 10_000;
/** The code of the problem that names all further outputs. */
export const tooMany = 'TOO_MANY';
/** Files that are written at a time. */
const atOnce = 4;

/** What a run's row says of an answer. */
export interface KeptOutputs {
  readonly outputs: DeliveredOutput[];
  /** At most one: what is beyond `mostOutputs`. */
  readonly problems: StoredOutputProblem[];
}

/**
 * Puts what is only in the answer into storage: bytes, and a list of the outputs that are too many, since they are paid for
 * as well. Throws StorageUnavailable.
 */
export async function keepOutputs(
  { storage }: Pick<TaskContext, 'storage'>,
  projectId: string,
  all: readonly Output[],
  most = mostOutputs,
): Promise<KeptOutputs> {
  const outputs: DeliveredOutput[] = [];
  await forEachOf([...all.slice(0, most).entries()], atOnce, async ([index, output]) => {
    if (output.kind === 'URL') outputs.push({ index, url: output.url });
    else outputs.push({ index, sha256: await putBlob(storage, projectId, output.bytes) });
  });
  outputs.sort((one, other) => one.index - other.index);
  const further = all.slice(most);
  if (further.length === 0) return { outputs, problems: [] };
  const list = Buffer.from(
    JSON.stringify(
      further.map((output) => (output.kind === 'URL' ? output.url : output.bytes.toString('base64'))),
    ),
  );
  const problem = {
    index: most,
    code: tooMany,
    message: `${further.length} more outputs came than are stored. The file lists them: addresses, or base64.`,
    sha256: await putBlob(storage, projectId, list),
    sizeBytes: list.length,
    contentType: 'application/json',
  };
  return { outputs, problems: [problem] };
}
