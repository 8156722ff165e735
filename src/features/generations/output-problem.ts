import { z } from 'zod';

/** Why an output did not become a picture, as a run keeps it. The bytes, if they arrived, are in storage. */
export const storedOutputProblem = z.object({
  index: z.number(),
  code: z.string(),
  message: z.string(),
  /** The output's address at the provider. */
  providerUrl: z.string().nullish(),
  /** The hash of the bytes as they arrived, which are stored under the project's prefix. */
  sha256: z.string().length(64).nullish(),
  sizeBytes: z.number().nullish(),
  contentType: z.string().nullish(),
});

/** One problem with an output of a run. */
export type StoredOutputProblem = z.output<typeof storedOutputProblem>;
