import { z } from 'zod';

/** What the load generator is told. */
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
/** How many answers came whole in how many seconds, and the share of a core that asking for them took. */
export type LoadResult = z.output<typeof loadResult>;
