import { z } from 'zod';

/** The options of the load generator. */
export const loadOptions = z.object({
  url: z.string(),
  authorization: z.string().optional(),
  /** JSON bodies, sent in turn. */
  bodies: z.array(z.string()).min(1),
  connections: z.number(),
  seconds: z.number(),
});
export type LoadOptions = z.output<typeof loadOptions>;

export const loadResult = z.object({ requests: z.number(), seconds: z.number(), cpuShare: z.number() });
/** The number of complete responses, the seconds, and the share of a core that the load generator used. */
export type LoadResult = z.output<typeof loadResult>;
