import { dayText } from '../../days.ts';
import { formatMicrosText } from '../../money.ts';
import type { Uses } from '../../platform/context.ts';
import { nilId } from '../../platform/db/nil-id.ts';
import { globalIdOf } from '../../platform/reads/global-id.ts';
import { medianSeconds, parseHistogram } from './figures.ts';
import { type Portions, readPortions, type Span } from './portions.ts';

/** The columns of the export of spending. */
export const spendColumns = [
  'day',
  'projectId',
  'model',
  'characterId',
  'userId',
  'apiKeyId',
  'status',
  'amount',
  'runs',
  'failures',
  'pictures',
  'discarded',
  'medianSeconds',
] as const;

const order = 'day, model, character_id, user_id, api_key_id, status';

/**
 * The rollups by all dimensions, in the order of their index, which has the environment between the project and the day.
 * One project is read at a time: then all rows of a read are equal in the first columns of the index, and the
 * comparison with the last row begins at the day. A comparison that repeated the columns before the day could not use
 * the index beyond them, and each portion would read all portions before it again.
 */
export async function* readSpend(ctx: Uses<'db' | 'reader'>, span: Span): Portions {
  if (span.projectId !== null) return yield* readProject(ctx, span, span.projectId);
  for (let after: string = nilId; ; ) {
    const next = await nextProject(ctx, after);
    if (next === null) return;
    yield* readProject(ctx, span, next);
    after = next;
  }
}

/** The next project that has rollups, which may be deleted; null after the last one. */
async function nextProject({ db }: Uses<'db'>, after: string): Promise<string | null> {
  const [row] = await db.$queryRaw<{ id: string }[]>`
    SELECT project_id::text AS id FROM spend_rollups WHERE project_id > ${after}::uuid ORDER BY project_id LIMIT 1`;
  return row?.id ?? null;
}

function readProject(ctx: Uses<'reader'>, { from, to, ...span }: Span, projectId: string): Portions {
  const project = globalIdOf('Project', projectId);
  return readPortions<typeof spendColumns>(
    ctx,
    span,
    (bind, after) => {
      const [day, model, character, user, key, status] = (after ?? [])
        .slice(0, 6)
        .map((text) => bind(text ?? ''));
      const conditions = [
        `project_id = ${bind(projectId)}::uuid AND environment = provider_environment() AND slice = 'ALL'`,
        ...(from === null ? [] : [`day >= ${bind(dayText(from))}::date`]),
        ...(to === null ? [] : [`day <= ${bind(dayText(to))}::date`]),
        ...(after === undefined
          ? []
          : [
              `(${order}) > (${day}::date, ${model}, ${character}::uuid, ${user}::uuid, ${key}::uuid, ${status})`,
            ]),
      ];
      return `SELECT ${order}, amount_micros, runs, failures, pictures, discarded, array_to_json(seconds)
        FROM spend_rollups WHERE ${conditions.join(' AND ')} ORDER BY ${order}`;
    },
    ([day, model, character, user, key, status, amount, runs, failures, pictures, discarded, seconds]) => [
      day ?? null,
      project,
      model ?? null,
      globalIdOf('Character', character ?? null),
      globalIdOf('User', known(user)),
      globalIdOf('ApiKey', known(key)),
      status ?? null,
      formatMicrosText(amount ?? ''),
      Number(runs),
      Number(failures),
      Number(pictures),
      Number(discarded),
      medianSeconds(parseHistogram(seconds ?? '[]')),
    ],
  );
}

/** An id of a rollup; null for the id that stands for none. */
function known(id: string | null | undefined): string | null {
  return id === nilId ? null : (id ?? null);
}
