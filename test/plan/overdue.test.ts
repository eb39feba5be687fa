/** The end of boots that have no future. */
import { expect, test } from 'vitest';

import { beginBoot, countFile, reportPhase, silenceMs } from '../../src/plan/boot-timeline.ts';
import { endOverdue } from '../../src/plan/overdue.ts';

const t0 = 1_800_000_000_000;
const boot = beginBoot({
  id: 'b',
  node: 'node01',
  mac: 'dc:a6:32:00:00:01',
  address: '10.42.0.11',
  generation: 'g',
  token: 'secret',
  sign: 'discover',
  nowMs: t0,
});
const loading = countFile(boot, 1000, t0 + 2000);
const at = (nowMs: number, deadlineMs = 86_400_000) => ({ deadlineMs, problems: {}, nowMs });

test('a boot is silent ten minutes after its last sign and not earlier', () => {
  expect(endOverdue(loading, at(t0 + 2000 + silenceMs - 1))).toBe(loading);

  const silent = endOverdue(loading, at(t0 + 2000 + silenceMs));

  expect(silent.closed).toMatchObject({ atMs: t0 + 2000 + silenceMs, reason: 'silent' });
  expect(silent.closed?.cause).toMatch(
    /^nothing was heard of it after loading: it stopped asking after 1 file \(0\.0 MB\)$/,
  );
  expect(silent).not.toHaveProperty('token');
});

test('a boot that is late fails, with the cause that the service knows of', () => {
  const facts = { ...at(t0 + 60_000, 60_000), problems: { tftp: 'port 69 is taken' } };

  expect(endOverdue(loading, facts).closed).toMatchObject({
    atMs: t0 + 60_000,
    reason: 'failed',
    cause: 'not ready within 1m: TFTP is not served: port 69 is taken',
  });
});

test('a boot that is closed stays as it is', () => {
  const failed = reportPhase(boot, { phase: 'failed', uptimeSeconds: 1, detail: 'no root' }, t0);

  expect(failed.closed).toMatchObject({ reason: 'failed', cause: 'no root' });
  expect(endOverdue(failed, at(t0 + 2 * silenceMs, 1))).toBe(failed);
});
