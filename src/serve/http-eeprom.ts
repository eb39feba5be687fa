/** What a running node says of its boot loader, once per boot, under the key of that boot. */
import { urlencoded, type Express } from 'express';

import type { EepromReport } from '../model/eeprom.ts';
import type { Eeproms } from './eeproms.ts';
import { authoriseSystem, type AccessDeps } from './http-access.ts';
import { refuse } from './http-answers.ts';
import type { Read } from './node-reports.ts';

export interface EepromRoutesDeps extends AccessDeps {
  readonly eeproms?: Pick<Eeproms, 'report'>;
}

/** bootconf.txt has 4 KB, each byte of which may take three in a form. */
const reportLimit = '16kb';

export function eepromRoutes(app: Express, { eeproms, ...deps }: EepromRoutesDeps): void {
  const form = urlencoded({ extended: false, limit: reportLimit, parameterLimit: 10 });
  app.post('/boot/v1/eeprom', form, async (request, response) => {
    const boot = authoriseSystem(deps, request, response);
    if (boot === undefined) return;
    const read = readEepromReport(request.body);
    if (read.kind === 'refused') return refuse(response, read.status, read.reason);
    await eeproms?.report(boot, read.report);
    response.status(204).end();
  });
}

/** Numbers are as the device tree has them: four bytes, as eight hex digits. */
export function readEepromReport(body: unknown): Read<Omit<EepromReport, 'boot' | 'atMs'>> {
  const fields = (body ?? {}) as Readonly<Record<string, unknown>>;
  const builtAtSeconds = numberOf(fields['build']);
  if (builtAtSeconds === undefined) {
    return { kind: 'refused', status: 400, reason: 'build (eight hex digits) is needed' };
  }
  const { version, config } = fields;
  return {
    kind: 'report',
    report: {
      builtAtSeconds,
      updatedAtSeconds: numberOf(fields['update']),
      capabilities: numberOf(fields['capabilities']),
      version: typeof version === 'string' && /^[0-9a-f]{8,40}$/.test(version) ? version : undefined,
      config: typeof config === 'string' && config !== '' ? config.slice(0, maxConfigLength) : undefined,
    },
  };
}

const maxConfigLength = 4096;

function numberOf(value: unknown): number | undefined {
  return typeof value === 'string' && /^[0-9a-f]{8}$/.test(value) ? Number.parseInt(value, 16) : undefined;
}
