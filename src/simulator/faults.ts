/**
 * The faults that the simulator can produce. A marker in a prompt, such as `[[simulate:429]]` or `[[simulate:slow=5]]`,
 * applies to that request only. A configured fault applies to all requests that it matches.
 */
export const faultNames = [
  // The request is refused. There is no job, and nothing is charged.
  '400',
  '401',
  '402',
  '403',
  '404',
  '406',
  '410',
  '429',
  '500',
  '502',
  '503',
  '504',
  'reset',
  'route-refused',
  // The job is accepted, and charged when it completes, but the response says otherwise or is unusable.
  'accept-then-500',
  'accept-then-502',
  'accept-then-504',
  'accept-then-reset',
  'accept-then-hang',
  'accept-then-drip',
  'same-id',
  'hostile-id',
  'hostile-urls',
  'json-error',
  // The job misbehaves while it runs or is polled.
  'slow',
  'stuck',
  'failed',
  'failed-200',
  'blocked',
  'poll-429',
  'poll-500',
  'poll-502',
  'poll-drip',
  'poll-redirect',
  'status-back',
  'lost',
  // The delivered result is faulty.
  'truncated-image',
  'broken-image',
  'huge-image',
  'missing-output',
  'foreign-output',
  'output-list',
  'output-base64',
  'wrong-content-type',
] as const;
export type FaultName = (typeof faultNames)[number];

export interface Fault {
  readonly name: FaultName;
  /** Its meaning depends on the fault: a count, a factor, an index, seconds, a text. */
  readonly arg?: string;
  /** The probability of the fault for a request, 0 to 1. @default 1 */
  readonly rate?: number;
  /** How many more times the fault occurs; counted down. @default no limit */
  times?: number;
  /** Limits the fault to requests of this model. */
  readonly slug?: string;
}

const marker = /\s*\[\[simulate:([a-z0-9-]+)(?:=([^\]]*))?\]\]/g;

/** The faults that the markers in a prompt request. */
export function readMarkers(prompt: string): Fault[] {
  return [...prompt.matchAll(marker)].flatMap(([, word, arg]) => {
    const name = faultNames.find((each) => each === word);
    return name ? [{ name, ...(arg === undefined ? {} : { arg }) }] : [];
  });
}

/** The prompt without its markers. */
export function withoutMarkers(prompt: string): string {
  return prompt.replace(marker, '').trim();
}

/** Whether a configured fault is drawn at each poll, not when a job is accepted: true for poll faults with rates. */
export function isPerPoll({ name, rate }: Fault): boolean {
  return rate !== undefined && ['poll-429', 'poll-500', 'poll-502'].includes(name);
}

/** Draws which of the configured faults occur for a request. */
export function strike(configured: readonly Fault[], slug: string, chance: () => number): Fault[] {
  return configured.filter((fault) => {
    if (fault.slug !== undefined && fault.slug !== slug) return false;
    if (fault.times !== undefined && fault.times <= 0) return false;
    if (fault.rate !== undefined && chance() >= fault.rate) return false;
    if (fault.times !== undefined) fault.times -= 1;
    return true;
  });
}
