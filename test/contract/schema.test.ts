import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isObjectType,
  validateSchema,
} from 'graphql';
import { createSchema, printContract } from '../../src/server/schema.ts';
import { Dramatis } from '../support/dramatis.ts';

let schema: GraphQLSchema;
let dramatis: Dramatis;
beforeAll(async () => {
  schema = await createSchema();
  dramatis = await Dramatis.start();
});
afterAll(() => dramatis.stop());

describe('the contract', () => {
  it('is valid, and is what schema.graphql says', () => {
    expect(validateSchema(schema)).toEqual([]);
    expect(printContract(schema)).toBe(readFileSync('schema.graphql', 'utf8'));
  });

  it('describes every type, field, argument and enum value', () => {
    const bare: string[] = [];
    for (const type of Object.values(schema.getTypeMap())) {
      if (type.name.startsWith('__') || ['Query', 'Mutation', 'Subscription'].includes(type.name)) continue;
      if (!type.description) bare.push(type.name);
    }
    for (const type of Object.values(schema.getTypeMap())) {
      if (type.name.startsWith('__')) continue;
      if (isEnumType(type))
        for (const value of type.getValues())
          if (!value.description && !/OutputFormat|Parameter|PriceUnit/.test(type.name))
            bare.push(`${type.name}.${value.name}`);
      if (!isObjectType(type) && !isInterfaceType(type) && !isInputObjectType(type)) continue;
      for (const field of Object.values(type.getFields())) {
        if (!field.description) bare.push(`${type.name}.${field.name}`);
        for (const argument of 'args' in field ? field.args : []) {
          if (!argument.description) bare.push(`${type.name}.${field.name}(${argument.name}:)`);
        }
      }
    }
    expect(bare).toEqual([]);
  });

  it('says of every list without pages how much of it is told', () => {
    const plain = Object.values(schema.getTypeMap())
      .filter(isObjectType)
      .filter(({ name }) => !name.startsWith('__'))
      .flatMap((type) => Object.values(type.getFields()).map((field) => ({ type, field })))
      .filter(({ field }) => isListType(getNullableType(field.type)))
      .filter(({ field: { name, type } }) => {
        const item = getNamedType(type);
        return !['edges', 'nodes', 'userErrors'].includes(name) && (isObjectType(item) || item.name === 'ID');
      });
    const saysCap = (text: string) =>
      /\bat most (\d+|ten|`first`)|\bthe first (\d+|twenty|hundred)\b/i.test(text);
    const silent = plain.filter(
      ({ field }) => !saysCap(field.description ?? '') && !field.args.some(({ name }) => name === 'first'),
    );
    // These are told whole.
    expect(silent.map(({ type, field }) => `${type.name}.${field.name}`).sort()).toEqual([
      'Generation.ledgerEntries',
      'ImageModel.parameters',
      'Query.imageModels',
      'Query.users',
      'Quote.budgets',
    ]);
    for (const { field } of plain)
      for (const { name, description } of field.args)
        if (name === 'first') expect(description).toMatch(/\b1 to \d[\d,]*/);
    const besidePages = plain.filter(({ type, field }) => `${field.name}Connection` in type.getFields());
    expect(besidePages.map(({ field }) => field.name).sort()).toEqual(['images', 'referenceImages']);
    for (const { field } of besidePages) expect(field.description).toContain(`\`${field.name}Connection\``);
  });

  it('asks every root field for a key', async () => {
    for (const operation of [
      'query { __typename }',
      'query { imageModels { slug } }',
      'mutation { __typename }',
    ]) {
      const { status, errors } = await dramatis.ask(operation, {}, { key: 'wrong_key_wrong_key' });
      expect([status, errors?.[0]?.extensions.code]).toEqual([401, 'UNAUTHENTICATED']);
    }
  });

  it('takes nothing as input that is not the caller’s to decide', () => {
    const decided =
      /^(cost|price|status|createdAt|updatedAt|archivedAt|deletingAt|sequence|hash|prefix|secret|sha256|userId|ownerId|isAdmin|issuer|providerAccount|providerRequestId|attemptToken)$/;
    const taken: string[] = [];
    for (const type of Object.values(schema.getTypeMap())) {
      if (!isInputObjectType(type)) continue;
      for (const { name } of Object.values(type.getFields()))
        if (decided.test(name)) taken.push(`${type.name}.${name}`);
    }
    // A filter asks, it does not decide.
    expect(taken).toEqual(['AuditLogFilter.userId']);
    // What belongs to a project stays there: it is only said where something is made, or a project is meant.
    const moves = Object.values(schema.getTypeMap()).filter(
      (type) =>
        isInputObjectType(type) && /^(Update|Change|Move)/.test(type.name) && 'projectId' in type.getFields(),
    );
    expect(moves).toEqual([]);
  });

  it('refuses two members of a @oneOf, none, and a null', async () => {
    const { characterId } = await dramatis.cast();
    const document = 'mutation ($input: GenerateInput!) { generate(input: $input) { generation { id } } }';
    for (const model of [
      { consistentCharacter: {}, consistentCharacterAiNeolemonV3: { prompt: 'x' } },
      {},
      { consistentCharacter: null },
    ]) {
      const { status, errors, data } = await dramatis.ask(document, { input: { characterId, model } });
      expect([status, errors?.[0]?.extensions.code, data]).toEqual([400, 'BAD_USER_INPUT', undefined]);
    }
    expect(await dramatis.database.query('SELECT 1 FROM generations')).toEqual([]);
  });
});
