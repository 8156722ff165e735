import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import generatorHelper from '@prisma/generator-helper';

/*
 * A Prisma generator: `prisma generate` runs it beside the client's. It writes each table of the schema as
 * `src/platform/reads` reads it, column by column. The compiler then compares each column with the client's type of the row.
 * The client itself keeps neither lists nor native types of its columns at run time, so they cannot be looked up there.
 */

type Handler = Parameters<typeof generatorHelper.generatorHandler>[0];
type Models = Parameters<Handler['onGenerate']>[0]['dmmf']['datamodel']['models'];
type Model = Models[number];
type Field = Model['fields'][number];

/** The kinds of `src/platform/reads/column.ts`, by Prisma's types. */
const kinds: Readonly<Record<string, string>> = {
  String: 'text',
  'String[]': 'texts',
  Boolean: 'boolean',
  Int: 'integer',
  'Int[]': 'integers',
  BigInt: 'bigint',
  Float: 'float',
  Json: 'json',
  DateTime: 'moment',
  'DateTime @db.Date': 'day',
};

function kindOf({ name: model }: Model, { kind, name, type, isList, nativeType }: Field): string {
  if (kind === 'enum' && !isList) return `choice(enums.${type})`;
  const wanted = `${type}${isList ? '[]' : ''}${nativeType?.[0] === 'Date' ? ' @db.Date' : ''}`;
  const found = kinds[wanted];
  if (!found) throw new Error(`${model}.${name}: no kind of column is known for ${wanted}.`);
  return found;
}

function tableOf(model: Model): string {
  const columns = model.fields
    .filter(({ kind }) => kind !== 'object')
    .map((field) => `    ${field.name}: column('${field.dbName ?? field.name}', ${kindOf(model, field)}),\n`);
  return `  ${model.name}: table<rows.${model.name}>('${model.dbName ?? model.name}', {\n${columns.join('')}  }),\n`;
}

function fileOf(models: Models): string {
  return `// Generated from prisma/schema.prisma by prisma/generate-tables.ts; do not edit.
import type * as rows from '../../db/generated/client.ts';
import * as enums from '../../db/generated/enums.ts';
import { bigint, boolean, choice, column, day, float, integer, integers, json, moment, text, texts } from '../column.ts';
import { table } from '../table.ts';

/** Every table, by its model's name. */
export const tables = {
${models.map(tableOf).join('')}};
`;
}

generatorHelper.generatorHandler({
  onManifest: () => ({ prettyName: 'Tables', defaultOutput: '../src/platform/reads/generated' }),
  async onGenerate({ generator, dmmf }) {
    const folder = generator.output?.value;
    if (!folder) throw new Error('The generator needs an output folder.');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'tables.ts'), fileOf(dmmf.datamodel.models));
  },
});
