import { z } from 'zod';

/** What kept an output from becoming a picture, as a run keeps it; the bytes, where they came, are in storage. */
export const storedOutputProblem = z.object({
  index: z.number(),
  code: z.string(),
  message: z.string(),
  /** Where the provider has it. */
  providerUrl: z.string().nullish(),
  /** The bytes as they came, below the project's prefix. */
  sha256: z.string().length(64).nullish(),
  sizeBytes: z.number().nullish(),
  contentType: z.string().nullish(),
});

/** One problem with an output of a run. */
export type StoredOutputProblem = z.output<typeof storedOutputProblem>;
