import type { TaskContext } from '../../../platform/context.ts';
import { forEachOf } from '../../../platform/for-each-of.ts';
import type { Output } from '../../../platform/segmind/outputs.ts';
import { putBlob } from '../../../platform/storage/put-blob.ts';
import type { StoredOutputProblem } from '../../generations/output-problem.ts';
import type { DeliveredOutput } from '../../generations/stored-run.ts';

/*
 * An output that cannot be decoded was paid for all the same. Its bytes lie below the project's prefix, like
 * pictures, and can be downloaded under a signed address, always as a file to be saved. The same holds for an answer
 * in which no picture is found.
 */

/**
 * The most outputs of a run that become pictures. The catalogue's models draw at most eighty, so a larger number is not
 * a result that a person waits for, and each output costs a row, a file and an element in the run's row.
 */
export const mostOutputs = 10_000;
/** The code of the problem that names all further outputs. */
export const tooMany = 'TOO_MANY';
/** The number of files that are written at a time. */
const atOnce = 4;

/** The outputs and problems of an answer, as the run's row keeps them. */
export interface KeptOutputs {
  readonly outputs: DeliveredOutput[];
  /** At most one, for the outputs beyond `mostOutputs`. */
  readonly problems: StoredOutputProblem[];
}

/**
 * Stores the bytes that are only in the answer, and a list of the outputs beyond the limit, because these are also paid
 * for. Throws StorageUnavailable.
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
