import { findImageModel } from '../../catalogue/catalogue.ts';
import type { Price } from '../../catalogue/model.ts';
import type { Uses } from '../../platform/context.ts';
import { sharedRead } from '../../platform/db/turns.ts';
import { type Config, pricesBelievedDays } from '../../settings/config.ts';

/*
 * Lists are means, or outdated. From five observed runs of the same shape on, the median is expected and at least
 * the greatest is held. Amounts are observed values, never means of them.
 *
 * The price book decides about everyone's holds, so one project must not mislead it. What a project pays on an
 * account of its own teaches it nothing, nor does what cost nothing. Less than the list's price is never held, and
 * one absurd figure raises a hold ten times at most.
 */

/** Where an estimate is from. */
export const estimateSources = ['OBSERVED', 'PRICE_LIST', 'UNKNOWN'] as const;
export type EstimateSource = (typeof estimateSources)[number];

/** What a run will cost, in micro-dollars; null while it is unknown. */
export interface PriceEstimate {
  readonly minimum: bigint | null;
  readonly expected: bigint | null;
  readonly maximum: bigint | null;
  readonly source: EstimateSource;
  /** How many runs of this shape the estimate rests on. */
  readonly samples: number;
}

/** How long a run will take, in seconds at the provider; null while it is unknown. */
export interface DurationEstimate {
  readonly minimumSeconds: number | null;
  readonly expectedSeconds: number | null;
  readonly maximumSeconds: number | null;
  readonly source: EstimateSource;
  readonly samples: number;
}

/** What is known beforehand of a run. */
export interface Estimate {
  readonly price: PriceEstimate;
  readonly duration: DurationEstimate;
  /** The upper bound that is set aside; never unknown. */
  readonly holdMicros: bigint;
}

/** How many of the newest runs of a shape are read. */
export const newestRuns = 200;
/** From so few runs nothing is concluded. */
export const leastSamples = 5;
/** A billed time may be longer next time than it ever was. */
const observedHeadroomPercent = 125n;
/** An amount this many times the usual one is a mistake of the provider, and must not raise the holds of all projects. */
const greatestSurprise = 10n;

/** What has been observed of a model's shape. Amounts are values that really occurred: no mean, no float. */
export interface Observed {
  readonly costs: number;
  readonly least: bigint | null;
  readonly median: bigint | null;
  readonly percentile95: bigint | null;
  readonly greatest: bigint | null;
  readonly times: number;
  readonly seconds5: number | null;
  readonly seconds50: number | null;
  readonly seconds95: number | null;
}

/** The rolling median and 95th percentile of what runs of a shape have cost and how long they took. */
export function findObserved(
  { db, config }: Uses<'db' | 'config'>,
  model: string,
  shape: string,
): Promise<Observed> {
  return readObserved(db, JSON.stringify({ model, shape, days: daysRead(config) }));
}

/** Nothing is read that is to be removed, so a removal changes no estimate. */
function daysRead({ PRICE_OBSERVATIONS_KEPT_DAYS: days }: Config): number {
  return days === 0 ? pricesBelievedDays : days;
}

/** Of runs that are asked for at once many have the same shape: it is looked up once for all of them. */
const readObserved = sharedRead('observed prices', async (db, asked: readonly string[]) => {
  const different = [...new Set(asked)];
  const found = await db.$queryRaw<(Observed & { place: number })[]>`
    SELECT asked.place::int AS place, o.*
    FROM jsonb_array_elements(${`[${different.join(',')}]`}::jsonb) WITH ORDINALITY asked(of, place), LATERAL (
      SELECT count(cost_micros)::int AS costs, min(cost_micros) AS least, max(cost_micros) AS greatest,
        percentile_disc(0.5) WITHIN GROUP (ORDER BY cost_micros) AS median,
        percentile_disc(0.95) WITHIN GROUP (ORDER BY cost_micros) AS "percentile95",
        count(seconds)::int AS times,
        percentile_disc(0.05) WITHIN GROUP (ORDER BY seconds) AS "seconds5",
        percentile_disc(0.5) WITHIN GROUP (ORDER BY seconds) AS "seconds50",
        percentile_disc(0.95) WITHIN GROUP (ORDER BY seconds) AS "seconds95"
      FROM (
        SELECT cost_micros, seconds FROM price_observations
        WHERE model = asked.of->>'model' AND environment = provider_environment() AND shape = asked.of->>'shape' AND at > now() - (asked.of->>'days')::int * interval '1 day'
        ORDER BY id DESC LIMIT ${newestRuns}
      ) newest
    ) o`;
  const byAsked = new Map(found.map(({ place, ...observed }) => [different[place - 1], observed]));
  return asked.map((each) => {
    const observed = byAsked.get(each);
    if (!observed) throw new Error('An aggregate answers one row.');
    return observed;
  });
});

/** What a run of a model will cost and how long it will take, and what must be set aside for it. */
export async function estimateRun(
  ctx: Uses<'db' | 'config'>,
  run: { readonly model: string; readonly priceShape: string; readonly outputCount: number },
): Promise<Estimate> {
  const model = findImageModel(run.model);
  const observed = await findObserved(ctx, run.model, run.priceShape);
  const headroom = BigInt(ctx.config.PRICE_HEADROOM_PERCENT);
  const price = estimatePrice(model?.price ?? null, run.outputCount, observed, headroom);
  const { times, seconds5, seconds50, seconds95 } = observed;
  const typicalSeconds = model?.typicalSeconds ?? null;
  const duration: DurationEstimate =
    times >= leastSamples
      ? {
          minimumSeconds: seconds5,
          expectedSeconds: seconds50,
          maximumSeconds: seconds95,
          source: 'OBSERVED',
          samples: times,
        }
      : {
          minimumSeconds: null,
          expectedSeconds: typicalSeconds,
          maximumSeconds: null,
          source: typicalSeconds === null ? 'UNKNOWN' : 'PRICE_LIST',
          samples: times,
        };
  return { price, duration, holdMicros: holdFor(price, observed, ctx.config.UNKNOWN_PRICE_HOLD) };
}

/** Pure: the price of a run from its rule and from what such runs have cost. */
export function estimatePrice(
  rule: Price | null,
  outputCount: number,
  observed: Observed,
  headroomPercent: bigint,
): PriceEstimate {
  const listed = listPrice(rule, outputCount);
  const isTimed = rule?.per === 'GPU_SECOND';
  const { costs, least, median, greatest } = observed;
  if (costs >= leastSamples && least !== null && median !== null && greatest !== null) {
    // The list may be outdated: what was really paid counts, and whichever is more is set aside.
    const surprise = (listed !== null && listed > median ? listed : median) * greatestSurprise;
    const credible = greatest < surprise ? greatest : surprise;
    const most = isTimed || listed === null ? percent(credible, observedHeadroomPercent) : credible;
    const maximum = listed !== null && listed > most ? listed : most;
    return { minimum: least, expected: median, maximum, source: 'OBSERVED', samples: costs };
  }
  if (listed === null)
    return { minimum: null, expected: null, maximum: null, source: 'UNKNOWN', samples: costs };
  const bound = isTimed ? percent(listed, headroomPercent) : listed;
  // Too few to conclude from, but enough to know that it can cost so much.
  const surprise = listed * greatestSurprise;
  const seen = greatest === null || greatest < surprise ? greatest : surprise;
  const maximum = seen !== null && seen > bound ? seen : bound;
  const minimum = isTimed ? null : listed;
  return { minimum, expected: listed, maximum, source: 'PRICE_LIST', samples: costs };
}

/** The hold: the most that a run may cost. Where that is unknown a configured amount, and never less than was observed. */
function holdFor({ maximum }: PriceEstimate, { greatest }: Observed, unknownHold: bigint): bigint {
  if (maximum !== null) return maximum;
  const seen = greatest === null ? 0n : percent(greatest, observedHeadroomPercent);
  return seen > unknownHold ? seen : unknownHold;
}

/** The list's price of a run with so many pictures; null where the list has none. */
export function listPrice(rule: Price | null, outputCount: number): bigint | null {
  if (rule === null || rule.micros === null) return null;
  return rule.per === 'GENERATION' ? rule.micros : rule.micros * BigInt(outputCount);
}

/** Rounded up: a bound must not fall below what it bounds. */
function percent(micros: bigint, percentage: bigint): bigint {
  return (micros * percentage + 99n) / 100n;
}
