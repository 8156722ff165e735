/**
 * What can be made to go wrong. Asked for by a marker in a prompt, `[[simulate:429]]` or `[[simulate:slow=5]]`,
 * which concerns that request alone, or by configuration.
 */
export const faultNames = [
  // Refused: nothing is taken, nothing is charged.
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
  // Taken and, when it completes, charged, though the answer says otherwise.
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
  // While it runs.
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
  // What is delivered.
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
  /** How often it strikes, 0 to 1. @default 1 */
  readonly rate?: number;
  /** How many more times it strikes; counted down. @default without end */
  times?: number;
  /** Only requests of this model. */
  readonly slug?: string;
}

const marker = /\s*\[\[simulate:([a-z0-9-]+)(?:=([^\]]*))?\]\]/g;

/** The faults that a prompt asks for. */
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

/** Whether a configured fault strikes anew at each poll: with a rate these do, and not when a job is taken. */
export function isPerPoll({ name, rate }: Fault): boolean {
  return rate !== undefined && ['poll-429', 'poll-500', 'poll-502'].includes(name);
}

/** Draws which of the configured faults strike a request. */
export function strike(configured: readonly Fault[], slug: string, chance: () => number): Fault[] {
  return configured.filter((fault) => {
    if (fault.slug !== undefined && fault.slug !== slug) return false;
    if (fault.times !== undefined && fault.times <= 0) return false;
    if (fault.rate !== undefined && chance() >= fault.rate) return false;
    if (fault.times !== undefined) fault.times -= 1;
    return true;
  });
}
