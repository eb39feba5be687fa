import { expect, test } from 'vitest';

import { sampleSite } from '../support/command-line.ts';
import { cardFstab } from '../support/official-root.ts';
import { sampleManifest } from '../support/sample-view.ts';

const root = 'state/exports/images/debian-lite/20261121.1/root';
const sealedTree = { [`${root}/etc/fstab`]: '# nothing\n', [`${root}/etc/machine-id`]: '' };
const manifest = (kept: string[]) => ({
  'state/exports/images/debian-lite/20261121.1/manifest.json': JSON.stringify(
    sampleManifest({ diskless: { applied: ['logs'], kept, enabled: [] } }),
  ),
});

test('names each rule with reason and undo, and ends with 1 when nodes would not boot', async () => {
  const site = await sampleSite({ ...sealedTree, [`${root}/etc/fstab`]: cardFstab });
  const { code, out, err } = await site.run('image', 'doctor', 'debian-lite');
  expect(code).toBe(1);
  expect(out).toMatch(/^debian-lite@20261121\.1: \d+ broken, 0 kept, \d+ applied, \d+ not needed\n\nBROKEN\n/);
  expect(out).toContain('  fstab: not as it should be: /etc/fstab\n    why: systemd would wait 90 s');
  expect(out).toContain('\n    do: It was imported as it is.');
  expect(out).toContain('  connman: it takes over every interface, that of the root too\n    undo: ');
  expect(err).toMatch(/would not run well without a disk: .*fstab/);
});

test('what image.yaml keeps is no fault', async () => {
  const site = await sampleSite({ ...sealedTree, [`${root}/etc/fstab`]: cardFstab, ...manifest(['fstab']) });
  await site.write(`${root}/etc/machine-id`, '');
  const { out } = await site.run('image', 'doctor', 'debian-lite', '-o', 'name');
  expect(out.split('\n')).not.toContain('fstab');
  const yaml = await site.run('image', 'doctor', 'debian-lite', '-o', 'yaml');
  expect(yaml.out).toContain('  - rule: fstab\n    result: kept\n    isWrong: false\n');
  const json = await site.run('image', 'doctor', 'debian-lite', '-o', 'json');
  expect(JSON.parse(json.out)).toMatchObject({ image: 'debian-lite@20261121.1' });
});

test('says so when overlays cannot be looked at', async () => {
  const site = await sampleSite({ ...sealedTree, 'cluster.yaml': 'cluster: [' });
  const { err } = await site.run('image', 'doctor', 'debian-lite');
  expect(err).toContain('overlays were not looked at: ');
});
