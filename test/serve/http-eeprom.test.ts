import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { EepromReport } from '../../src/model/eeprom.ts';
import { readEepromReport } from '../../src/serve/http-eeprom.ts';

const build = (1_785_847_093).toString(16);

test.each([
  [{}, 'refused'],
  [{ build: '1785847093' }, 'refused'],
  [{ build: [build, build] }, 'refused'],
  [undefined, 'refused'],
  [{ build }, { builtAtSeconds: 1_785_847_093 }],
  [{ build, update: '', capabilities: 'x', version: '', config: '' }, { builtAtSeconds: 1_785_847_093 }],
  [
    { build, config: 'x'.repeat(9000) },
    { builtAtSeconds: 1_785_847_093, config: 'x'.repeat(4096) },
  ],
])('%j is %j', (body, expected) => {
  const read = readEepromReport(body);
  expect(read.kind === 'report' ? read.report : read.kind).toEqual(expected);
});

test('whatever is sent, the state takes it', () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.array(fc.string()), fc.constant(undefined));
  const forms = fc.record({ build: fc.constant(build), update: text, capabilities: text, version: text, config: text });
  const property = fc.property(forms, (sent) => {
    const read = readEepromReport(sent);
    const report = read.kind === 'report' ? read.report : undefined;
    expect(EepromReport.safeParse({ ...report, boot: 'b', atMs: 1 }).success).toBe(true);
  });
  fc.assert(property);
});
