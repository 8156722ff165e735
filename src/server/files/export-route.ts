import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { BadRequest, NotFound } from '../../errors.ts';
import { exportNames, type Format, openExport } from '../../features/spend/exports.ts';
import type { Cell } from '../../features/spend/portions.ts';
import { limitKey } from '../../platform/auth/viewer.ts';
import { fromGlobalId } from '../../platform/reads/global-id.ts';
import { Loaders } from '../../platform/reads/loaders.ts';
import { cleanText } from '../../text.ts';
import type { ServerContext } from '../server-context.ts';
import { csvLine } from './csv.ts';
import { streamSome } from './stream-some.ts';

type Tools = Pick<
  ServerContext,
  'authenticate' | 'meter' | 'exportsDb' | 'exportsReader' | 'log' | 'segmind'
>;

/** An export costs as many points as a page of a hundred items. */
const exportPoints = 100;

const formats: Readonly<Record<'csv' | 'jsonl', Format & { readonly type: string }>> = {
  csv: { type: 'text/csv; charset=utf-8; header=present', head: csvLine, line: () => csvLine },
  jsonl: { type: 'application/jsonl; charset=utf-8', head: () => '', line: jsonLine },
};

const address = z.object({
  name: z.string().transform((text, check) => {
    const [, name, format] = /^([a-z]+)\.(csv|jsonl)$/.exec(text) ?? [];
    const known = exportNames.find((each) => each === name);
    if (known && (format === 'csv' || format === 'jsonl')) return { name: known, format } as const;
    check.addIssue({ code: 'custom', message: 'no such file' });
    return z.NEVER;
  }),
});
const day = z.iso.date().transform((text) => new Date(text));
const query = z.strictObject({ projectId: z.string().optional(), from: day.optional(), to: day.optional() });

/** `GET /exports/<ledger|generations|spend>.<csv|jsonl>?projectId=…&from=…&to=…`: streams a file of any size. */
export function registerExportRoute(app: FastifyInstance, ctx: Tools): void {
  const stream = streamSome(app);
  // Without HEAD, because the answer to it would read the whole file.
  app.get('/exports/:name', { exposeHeadRoute: false }, async (request, reply) => {
    const viewer = await ctx.authenticate(request.headers.authorization, request.ip);
    const params = address.safeParse(request.params);
    if (!params.success) throw new NotFound('file');
    const asked = query.safeParse(request.query);
    if (!asked.success) throw new BadRequest(cleanText(z.prettifyError(asked.error), 500));
    const { projectId, from = null, to = null } = asked.data;
    await ctx.meter.spend(limitKey(viewer), exportPoints);

    const { name, format } = params.data.name;
    const { type, ...written } = formats[format];
    const found = await openExport(
      { db: ctx.exportsDb, reader: ctx.exportsReader, segmind: ctx.segmind, viewer, loaders: new Loaders() },
      name,
      {
        projectId: projectId === undefined ? null : fromGlobalId('Project', projectId),
        from,
        to,
      },
      written,
    );
    const body = stream(found, (err) => ctx.log.warn({ err, name }, 'an export was interrupted'));
    return reply
      .headers({
        'content-type': type,
        'content-disposition': `attachment; filename="${name}.${format}"`,
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
      })
      .send(body);
  });
}

/** Makes a function that writes a row as an object, as `JSON.stringify` does. */
function jsonLine(columns: readonly string[]): (row: readonly Cell[]) => string {
  const names = columns.map((name, place) => `${place === 0 ? '{' : ','}${JSON.stringify(name)}:`);
  return (row) => `${names.map((name, place) => name + JSON.stringify(row[place])).join('')}}\n`;
}
