/** The types of the client are those of the document: "npx vitest run --project unit test/cli/generated-api.test.ts -u" writes them. */
import { expect, test } from 'vitest';

import { apiRoutes } from '../../src/api/routes/all.ts';
import { readDocument } from '../support/api-document.ts';
import { renderApiTypes, type TypedDocument } from '../support/api-types.ts';

const head =
  'What each call of the API takes and answers. Made from the OpenAPI document by test/cli/generated-api.test.ts: do not edit.';

test('they are up to date', async () => {
  const document = readDocument(apiRoutes('0.1.0')) as unknown as TypedDocument;

  await expect(await renderApiTypes(document, head)).toMatchFileSnapshot('../../src/cli/generated/api.ts');
});

test.each([
  [{ type: 'string' }, 'string'],
  [{ type: ['string', 'null'] }, 'string | null'],
  [{ type: 'integer' }, 'number'],
  [{ enum: ['a', 'b'] }, "'a' | 'b'"],
  [{ const: 1 }, '1'],
  [{ anyOf: [{ type: 'number' }, { $ref: '#/components/schemas/Other' }] }, "number | Schemas['Other']"],
  [{ type: 'array', items: { type: 'string' } }, 'string[]'],
  [{ type: 'object', additionalProperties: { type: 'number' } }, 'Record<string, number>'],
  [{ type: 'object', properties: { a: {} }, required: ['a'] }, '{ a: unknown }'],
  [{ type: 'object', properties: { 'b-c': { type: 'boolean' } } }, "{ 'b-c'?: boolean }"],
])('%j is %s', async (schema, type) => {
  const text = await renderApiTypes({ paths: {}, components: { schemas: { One: schema } } }, 'x');

  expect(text).toContain(`  One: ${type};`);
});

test('a type that nobody knows is an error', () => {
  const schemas = { One: { type: 'date' } };

  expect(() => renderApiTypes({ paths: {}, components: { schemas } }, 'x')).toThrow('of the type date');
});
