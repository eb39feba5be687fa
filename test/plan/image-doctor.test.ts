import { describe, expect, test } from 'vitest';

import { keepableRules, type DisklessRecord } from '../../src/model/diskless.ts';
import type { OverlaySource } from '../../src/model/overlay-source.ts';
import { OverlaySpec } from '../../src/model/overlay-spec.ts';
import { judgeImage, type RoleOverlays } from '../../src/plan/image-doctor.ts';
import { planRule } from '../../src/plan/seal-plan.ts';
import { sealRules } from '../../src/plan/seal.ts';
import { changed, memoryTree, type MadeUpTree } from '../support/memory-tree.ts';
import { faultyTrees, netRaw, officialRoot } from '../support/official-root.ts';
import { sampleManifest } from '../support/sample-view.ts';
import { shippedView } from '../support/shipped-overlays.ts';

const capabilities = { 'usr/bin/ping': netRaw };
const built = { layers: [{ name: 'base', key: '0'.repeat(64), kind: 'unpack' }] };

function sealed(files: MadeUpTree): MadeUpTree {
  const context = { sources: '', enabled: [] };
  return sealRules.reduce(
    (tree, rule) => changed(tree, planRule(rule, memoryTree(tree, capabilities), context).changes),
    files,
  );
}

const officialSealed = sealed(officialRoot);

function overlay(name: string, files: Readonly<Record<string, string>>, spec: object = {}): OverlaySource {
  const encode = (text: string) => new TextEncoder().encode(text);
  return {
    name,
    spec: OverlaySpec.parse({ summary: name, ...spec }),
    files: Object.entries(files).map(([path, text]) => ({
      kind: 'file',
      path,
      isTemplate: false,
      bytes: encode(text),
      isExecutable: false,
    })),
  };
}

interface Judging {
  readonly files?: MadeUpTree;
  readonly record?: Partial<DisklessRecord>;
  readonly roles?: readonly RoleOverlays[];
  readonly imported?: boolean;
}

function judge({ files = officialSealed, record, roles = [], imported = false }: Judging) {
  const diskless = record && { diskless: { applied: [], kept: [], enabled: [], ...record } };
  const manifest = sampleManifest({ name: 'pios', ...(imported ? {} : built), ...diskless });
  const findings = judgeImage({ manifest, tree: memoryTree(files, capabilities), roles });
  return {
    of: (id: string) => findings.find(({ rule }) => rule === id),
    broken: findings.filter(({ result }) => result === 'broken').map(({ rule }) => rule),
    wrong: findings.filter(({ isWrong }) => isWrong).map(({ rule }) => rule),
  };
}

test('a sealed image has every rule applied or not needed', () => {
  const { broken, of } = judge({});
  expect(broken).toEqual([]);
  const results = keepableRules.map((id) => [id, of(id)?.result]);
  // What was only taken away has left no trace, and is told by the manifest.
  expect(results.filter(([, result]) => result === 'not needed')).toEqual([['boot-files', 'not needed']]);
  expect(judge({ record: { applied: ['boot-files'] } }).of('boot-files')?.result).toBe('applied');
});

test('an image that was never sealed has all of them broken, and says what would make it one', () => {
  const { broken, wrong, of } = judge({ files: officialRoot, imported: true });
  expect(keepableRules.filter((id) => !broken.includes(id))).toEqual([]);
  expect(wrong).toEqual(expect.arrayContaining(['fstab', 'userconfig', 'dhcpcd', 'dphys-swapfile', 'machine-id']));
  expect(wrong).not.toContain('avahi');
  expect(of('fstab')).toMatchObject({
    cause: 'not as it should be: /etc/fstab',
    hint: expect.stringContaining('base: { root: FOLDER }') as string,
  });
});

test('of one built before there was a rule it says to build it again', () => {
  const { broken, of } = judge({ files: { ...officialSealed, ...faultyTrees.fstab } });
  expect(broken).toEqual(['fstab']);
  expect(of('fstab')?.hint).toBe('Build it again: "pi-image build pios".');
});

test.each(keepableRules)('%s is kept when image.yaml said so', (id) => {
  const files = { ...officialSealed, ...faultyTrees[id] };
  expect(judge({ files, record: { kept: [id] } }).of(id)).toMatchObject({
    result: 'kept',
    isWrong: false,
    cause: 'image.yaml keeps it',
  });
});

test('units that image.yaml enabled are no fault', () => {
  const files = changed(officialSealed, [{ kind: 'remove', path: 'etc/systemd/system/bluetooth.service' }]);
  expect(judge({ files }).broken).toEqual(['radio']);
  const { broken, of } = judge({ files, record: { enabled: ['bluetooth.service'] } });
  expect(broken).toEqual([]);
  expect(of('radio')).toMatchObject({ result: 'kept', cause: 'image.yaml enables bluetooth.service' });
});

describe('overlays', () => {
  const role = (...overlays: OverlaySource[]) => [{ role: 'compute', overlays }];

  test('that are shipped bring nothing back', async () => {
    const overlays = [...(await shippedView()).overlays.values()];
    expect(overlays.length).toBeGreaterThan(3);
    expect(judge({ roles: role(...overlays) }).broken).toEqual([]);
  });

  test.each([
    ['etc/fstab', 'UUID=1 /scratch ext4 defaults 0 2\n', 'fstab', true],
    ['etc/systemd/system/dhcpcd.service', '[Unit]\n', 'dhcpcd', true],
    ['etc/systemd/journald.conf.d/zz.conf', '[Journal]\nStorage=persistent\n', 'journal', true],
    ['etc/systemd/network/20-eth.network', '[Match]\nName=eth1\n', 'networkd', true],
    ['etc/systemd/system/avahi-daemon.service', '[Unit]\n', 'avahi', false],
  ])('with /%s break a rule', (path, text, id, isWrong) => {
    const { broken, of } = judge({ roles: role(overlay('base', {}), overlay('own', { [path]: text })) });
    expect(broken).toEqual([id]);
    expect(of(id)).toMatchObject({ isWrong, cause: `the overlay own (role compute) brings it back with /${path}` });
  });

  test('may replace what a rule wrote', () => {
    const text = '[Journal]\nStorage=volatile\nRuntimeMaxUse=64M\n';
    expect(
      judge({ roles: role(overlay('own', { 'etc/systemd/journald.conf.d/pi-image.conf': text })) }).broken,
    ).toEqual([]);
  });

  test('mask and remove without harm', () => {
    const own = overlay('own', {}, { units: { mask: ['ssh', 'avahi-daemon'] }, remove: ['etc/fstab', 'etc/ssh/*'] });
    expect(judge({ roles: role(own) }).broken).toEqual([]);
  });

  test('that enable what stays masked are told', () => {
    const { of, wrong } = judge({ roles: role(overlay('own', {}, { units: { enable: ['bluetooth'] } })) });
    expect(wrong).toEqual([]);
    expect(of('radio')).toMatchObject({
      result: 'broken',
      cause: 'the overlay own (role compute) enables bluetooth.service, which stays masked',
    });
  });
});

test('capabilities without setcap are no reason to fail', () => {
  const files = changed(officialSealed, [{ kind: 'remove', path: 'usr/sbin/setcap' }]);
  const { of, wrong } = judge({ files });
  expect(wrong).toEqual([]);
  expect(of('capabilities')).toMatchObject({ result: 'broken', hint: 'Add libcap2-bin to the packages of a layer.' });
});
