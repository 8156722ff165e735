import { z } from 'zod';
import { countDays } from '../../days.ts';
import { dimensionsOf } from './dimensions.ts';
import { spendGroupings } from './grouping.ts';

/*
 * A report reads the daily rows of a slice, so its cost follows the days and the names that a day can have: a few
 * models, more members and keys, thousands of characters. Measured with 8,000 characters: 90 days by character take as
 * much of Postgres as a hundred library queries, 90 days by model as much as one (`bench/money.ts`). The number of
 * names is not known before the report is read, so the price is that of a large project.
 */
const basePoints = 10;
const pointsPerDay = { MODEL: 0.3, MEMBER: 3, API_KEY: 3, CHARACTER: 80, SEVERAL: 80 };
/** Half of what one operation may cost, so that a long report can be requested with others, or in parts. */
const mostPoints = 7_500;

const day = z.iso.date();
/** A client may write one grouping without the brackets of a list. */
const groupings = z.preprocess(
  (value) => (Array.isArray(value) ? value : [value ?? []].flat()),
  z.array(z.enum(spendGroupings)),
);
const filters = z.record(z.string(), z.unknown()).nullish();

/**
 * The query points of a report, from its arguments as the document gives them. A wrong day is refused later, and costs
 * the least. Values of wrong types cost the most, because a value that is not known yet has such a type.
 */
export function spendPoints(args: Readonly<Record<string, unknown>>): number {
  const [from, to] = [args.from ?? '', args.to ?? ''];
  const [groupBy, filter] = [groupings.safeParse(args.groupBy), filters.safeParse(args.filter)];
  if (typeof from !== 'string' || typeof to !== 'string' || !groupBy.success || !filter.success)
    return mostPoints;
  if (!day.safeParse(from).success || !day.safeParse(to).success) return basePoints;
  const needed = dimensionsOf({ groupBy: groupBy.data, filter: filter.data });
  const perDay = pointsPerDay[needed.length > 1 ? 'SEVERAL' : (needed[0] ?? 'MODEL')];
  return Math.min(mostPoints, basePoints + Math.ceil(Math.max(0, countDays(from, to)) * perDay));
}
