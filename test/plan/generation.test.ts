import { describe, expect, test } from 'vitest';

import { tokenSlot, Generation } from '../../src/model/generation.ts';
import type { ClusterView } from '../../src/model/view.ts';
import { planGeneration } from '../../src/plan/generation.ts';
import { sampleCluster, sampleClusterInput, sampleManifest, sampleNode, sampleView } from '../support/sample-view.ts';

const plan = (name: string, view: ClusterView = sampleView()) => planGeneration(sampleNode(name, view), view);

/** The sample with other texts for one board. */
function withTemplates(changes: { configTxt?: string; cmdlineTxt?: string }): ClusterView {
  const view = sampleView();
  const pi5 = view.boardTemplates.get('pi5') ?? { configTxt: '', cmdlineTxt: '' };
  return { ...view, boardTemplates: new Map([['pi5', { ...pi5, ...changes }]]) };
}

test('a node boots the newest version of its role image with its own command line', () => {
  const generation = plan('node01');

  expect(Generation.parse(generation)).toEqual(generation);
  expect(generation).toMatchObject({
    node: 'node01',
    role: 'compute',
    board: 'pi5',
    image: { name: 'debian-lite', version: '20261121.1' },
    rootMode: 'shared',
    configTxt: 'arm_64bit=1\nkernel=kernel8.img\ninitramfs initramfs8 followkernel\n',
    commandLine:
      'console=ttyAMA10,115200 pi_image.server=10.42.0.1 pi_image.http=80 pi_image.nfs=2049 ' +
      'pi_image.root=/images/debian-lite/20261121.1/root pi_image.id=9ffefdef pi_image.mac=2c:cf:67:01:02:03 ' +
      `pi_image.token=${tokenSlot} panic=10 quiet`,
  });
});

test("an image's kernel arguments come before those of the role", () => {
  const images = new Map([['debian-lite', [sampleManifest({ kernelArguments: ['cma=64M', 'quiet'] })]]]);
  expect(plan('node01', sampleView({ images })).commandLine).toMatch(/ panic=10 cma=64M quiet quiet$/);
});

test('a node without a serial is known to NFS by its MAC, one without a MAC names none', () => {
  expect(plan('node02').commandLine).toContain('pi_image.id=52:54:00:42:00:12 pi_image.mac=52:54:00:42:00:12 ');
  expect(plan('login').commandLine).toContain('pi_image.id=10000003 pi_image.token=');
});

describe('the id', () => {
  const id = plan('node01').id;
  const cluster = (changes: object) => sampleView({ cluster: sampleCluster(changes as Record<string, unknown>) });
  const compute = (changes: object) =>
    cluster({ roles: { ...sampleClusterInput.roles, compute: { ...sampleClusterInput.roles.compute, ...changes } } });

  test.each<[string, ClusterView]>([
    ['other nodes', sampleView({ nodes: sampleView().nodes.filter(({ name }) => name !== 'node02') })],
    ['the order of nodes', sampleView({ nodes: sampleView().nodes.toReversed() })],
    ['other roles', cluster({ roles: { compute: sampleClusterInput.roles.compute } })],
    ['an older version', sampleView({ images: new Map([['debian-lite', [sampleManifest()]]]) })],
  ])('stays with %s', (_what, view) => {
    expect(plan('node01', view).id).toBe(id);
  });

  test.each<[string, ClusterView]>([
    [
      'a new image version',
      sampleView({ images: new Map([['debian-lite', [sampleManifest({ version: '20261122.1' })]]]) }),
    ],
    ['a kernel argument', compute({ kernelArguments: ['quiet', 'isolcpus=3'] })],
    ['an overlay less', compute({ overlays: ['base'] })],
    ['the server address', cluster({ network: { ...sampleClusterInput.network, address: '10.42.0.2/24' } })],
  ])('changes with %s', (_what, view) => {
    expect(plan('node01', view).id).not.toBe(id);
  });
});

test('a command line may be written on several lines', () => {
  const view = withTemplates({ cmdlineTxt: 'quiet\n  panic=10\n\npi_image.token={{token}}\n' });

  expect(plan('node01', view).commandLine).toBe(`quiet panic=10 pi_image.token=${tokenSlot}`);
});

test.each<[string, () => ClusterView, string]>([
  ['a long config.txt', () => withTemplates({ configTxt: 'x=1\n'.repeat(1025) }), 'renders to 4100 bytes'],
  [
    'a long command line',
    () => withTemplates({ cmdlineTxt: `{{token}} ${'x'.repeat(2048)}` }),
    'renders to 2092 bytes',
  ],
  ['no token', () => withTemplates({ cmdlineTxt: 'quiet' }), 'must hold {{token}} exactly once'],
  ['two tokens', () => withTemplates({ cmdlineTxt: '{{token}} {{token}}' }), 'must hold {{token}} exactly once'],
  ['other nodes in it', () => withTemplates({ cmdlineTxt: '{{join nodes "," "name"}}' }), 'there is no variable nodes'],
  ['no templates', () => sampleView({ boardTemplates: new Map() }), 'no boot templates for the board pi5'],
  [
    'no kernel for the board',
    () => sampleView({ images: new Map([['debian-lite', [sampleManifest({ kernels: [] })]]]) }),
    'debian-lite 20261121.1 has no kernel for node01, a pi5',
  ],
  ['no image', () => sampleView({ images: new Map() }), 'there is no version of the image debian-lite'],
  [
    'no such role',
    () => sampleView({ cluster: sampleCluster({ roles: { computer: sampleClusterInput.roles.compute } }) }),
    'node01 has the role compute, which does not exist; did you mean computer?',
  ],
  ['no such overlay', () => sampleView({ overlays: new Map() }), 'the overlay base, which does not exist'],
])('%s: refused', (_what, view, message) => {
  expect(() => plan('node01', view())).toThrow(message);
});
