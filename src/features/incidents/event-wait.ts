import { z } from 'zod';
import type { ProjectEvent as ProjectEventRow } from '../../platform/db/generated/client.ts';
import { pauseWaits, type Wait } from '../generations/waiting.ts';
import type { Incident } from './judge-incidents.ts';

const wait = z.object({
  reason: z.enum(pauseWaits),
  since: z.iso.datetime().transform((text) => new Date(text)),
});

/** The part of an incident that is stored in its event. */
export function writeEventWait({ reason, since }: Pick<Incident, 'reason' | 'since'>): z.input<typeof wait> {
  return { reason, since: since.toISOString() };
}

/** The wait that an event reports; null for other events, and for a reason that only a newer version knows. */
export function waitOfEvent({ kind, progress }: Pick<ProjectEventRow, 'kind' | 'progress'>): Wait | null {
  if (kind !== 'PROVIDER_WAIT_BEGAN' && kind !== 'PROVIDER_WAIT_ENDED') return null;
  return wait.safeParse(progress).data ?? null;
}
