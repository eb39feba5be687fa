/** What "pi-image build" and its neighbours say to programs. */
import { expect, test } from 'vitest';

import { planAnswer } from '../../src/cli/build-answer.ts';
import { renderVersion } from '../../src/cli/version-answer.ts';
import { renderYaml } from '../../src/host/yaml-file.ts';
import { sampleSite } from '../support/command-line.ts';

test('a plan is one document, with the reason for each step', () => {
  const steps = [
    { action: 'initramfs', state: { kind: 'cached', why: 'nothing that goes into it changed' } },
    { action: 'publish', state: { kind: 'run', why: 'there is no version' } },
  ];

  expect(planAnswer('mine', { steps, isUpToDate: false } as never)).toEqual({
    image: 'mine',
    isComplete: true,
    isUpToDate: false,
    steps: [
      { action: 'initramfs', state: 'cached', title: 'initramfs', why: 'nothing that goes into it changed' },
      { action: 'publish', state: 'run', title: 'publish', why: 'there is no version' },
    ],
  });
});

test('a plan that begins with a base that nobody has looked into says so', async () => {
  const site = await sampleSite({ 'root/etc/issue': 'mine\n' });
  const base = { root: `${site.dir}/root` };
  await site.write(
    'images/mine/image.yaml',
    renderYaml({ base, boards: ['pi4'], layers: [{ name: 'cluster', packages: ['munge'] }] }),
  );

  const { code, out } = await site.run('build', 'mine', '--plan', '-o', 'json');

  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    image: 'mine',
    isComplete: false,
    steps: [{ action: 'unpack', state: 'run', title: expect.stringContaining(base.root) as string }],
  });
});

test.each([
  ['table', 'published mine@20261121.1\n'],
  ['name', 'mine@20261121.1\n'],
  ['json', '{\n  "image": "mine",\n  "version": "20261121.1"\n}\n'],
  ['yaml', 'image: mine\nversion: "20261121.1"\n'],
] as const)('a version as %s', (format, text) => {
  const version = { name: 'mine', version: '20261121.1' };
  expect(renderVersion(version, format, 'published mine@20261121.1\n')).toBe(text);
});

test.each([['build'], ['image', 'import'], ['image', 'lock'], ['image', 'sign']])(
  '%s %s names -o in its help',
  async (...words) => {
    const site = await sampleSite();
    expect((await site.run(...words, '--help')).out).toContain('-o, --output <format>');
  },
);
