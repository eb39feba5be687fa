/** Files that are edited while the service runs: what it takes, what it refuses, and what it says of that. */
import { writeFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { renderYaml } from '../../src/host/yaml-file.ts';
import type { Boot } from '../../src/model/boot.ts';
import type { FrozenBoot } from '../../src/model/frozen-boot.ts';
import { sampleSite, type TestSite } from '../support/command-line.ts';
import { sampleClusterInput } from '../support/sample-view.ts';
import { serveSite, type ServedSite } from '../support/serve-site.ts';

async function served(cluster: object = {}): Promise<{ site: TestSite; service: ServedSite }> {
  const site = await sampleSite({
    'cluster.yaml': renderYaml({ ...sampleClusterInput, ...cluster }),
    'overlays/login/overlay.yaml': renderYaml({ summary: 'mine' }),
    'overlays/login/files/etc/motd.hbs': 'one\n',
  });
  await site.run('apply', '-f', `${site.dir}/nodes.yaml`);
  return { site, service: await serveSite(site.dir) };
}

const named = ({ site }: ServedSite, name: string) => {
  const node = site.view().nodes.find((each) => each.name === name);
  if (node === undefined) throw new Error(`there is no ${name}`);
  return node;
};

function frozenOf(service: ServedSite, name: string): FrozenBoot {
  const desired = service.site.desired(named(service, name));
  if (desired.kind === 'refused') throw new Error(desired.reason);
  return desired.frozen;
}

const fileOf = ({ overlay }: FrozenBoot, path: string) => {
  const file = overlay.find((each) => each.kind === 'file' && each.path === path);
  return file?.kind === 'file' ? Buffer.from(file.bytes).toString() : undefined;
};

const problems = ({ health }: ServedSite) => health.parts().find(({ name }) => name === 'config')?.problems ?? [];

test('a template that is edited is there at the next look, and only its nodes have another plan', async () => {
  const { site, service } = await served();
  const node01 = frozenOf(service, 'node01');
  expect(fileOf(frozenOf(service, 'login'), 'etc/motd')).toBe('one\n');

  await site.write('overlays/login/files/etc/motd.hbs', 'two on {{node.name}}\n');
  await service.site.reloadIfChanged();

  expect(fileOf(frozenOf(service, 'login'), 'etc/motd')).toBe('two on login\n');
  expect(frozenOf(service, 'node01')).toBe(node01);
});

test.each([
  ['no template', '{{#each nodes}}', 'overlays/login/files/etc/motd.hbs is not a template'],
  [
    'one that cannot be rendered',
    '{{node.nam}}',
    'login: overlays/login/files/etc/motd.hbs: there is no variable node.nam',
  ],
])('%s is not taken, and said to be so until it is repaired', async (_name, text, reason) => {
  const { site, service } = await served();

  await site.write('overlays/login/files/etc/motd.hbs', text);
  await service.site.reloadIfChanged();
  expect(fileOf(frozenOf(service, 'login'), 'etc/motd')).toBe('one\n');
  expect(problems(service)).toEqual([expect.stringContaining(reason)]);

  await site.write('overlays/login/files/etc/motd.hbs', 'three\n');
  await service.site.reloadIfChanged();
  expect(fileOf(frozenOf(service, 'login'), 'etc/motd')).toBe('three\n');
  expect(problems(service)).toEqual([]);
});

test('a secret in a file that changes is a change of the live files of its nodes', async () => {
  const { site, service } = await served();
  const key = await site.write('munge.key', 'the first key');
  await site.write('cluster.yaml', renderYaml({ ...sampleClusterInput, secrets: { mungeKey: { file: key } } }));
  await service.site.reloadIfChanged();
  const frozen = frozenOf(service, 'node01');
  await service.boots.arrive(named(service, 'node01'), '2c:cf:67:01:02:03', 'discover');
  const boot = service.boots.all().at(-1) as Boot;
  const before = await service.liveParts.pack(boot);

  await writeFile(key, 'the second one');
  await service.site.reloadIfChanged();

  const after = await service.liveParts.pack(boot);
  expect(after.sha256).not.toBe(before.sha256);
  expect(Buffer.concat(after.chunks).includes('the second one')).toBe(true);
  expect(frozenOf(service, 'node01').generation).toEqual(frozen.generation);
});
