/** The official schema of CycloneDX 1.6, from its own library for JavaScript. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';

import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';

const require = createRequire(import.meta.url);
const library = require.resolve('@cyclonedx/cyclonedx-library/package.json');

async function readSchema(name: string): Promise<object> {
  const file = path.join(path.dirname(library), 'res/schema', `${name}.SNAPSHOT.schema.json`);
  return JSON.parse(await readFile(file, 'utf8')) as object;
}

/** @returns what is wrong with a bill of materials, one line each */
export async function checkCycloneDx(bom: unknown): Promise<string[]> {
  // Formats of strings that are not ASCII are not looked at: we write none.
  const ajv = new Ajv({ strict: false, allErrors: true, formats: { 'iri-reference': true, 'idn-email': true } });
  addFormats.default(ajv);
  for (const name of ['spdx', 'jsf-0.82']) {
    ajv.addSchema(await readSchema(name), `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`);
  }
  const isValid = ajv.compile(await readSchema('bom-1.6'));
  isValid(bom);
  return (isValid.errors ?? []).map(({ instancePath, message = '' }) => `${instancePath} ${message}`);
}
