import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { ConfigError } from '../../src/model/errors.ts';
import type { NodeFile } from '../../src/model/node-file.ts';
import type { OverlaySource } from '../../src/model/overlay-source.ts';
import type { ClusterView } from '../../src/model/view.ts';
import { neededSecrets, overlayDigest, renderFrozenOverlay, renderOverlays } from '../../src/plan/overlay.ts';
import {
  sampleCluster,
  sampleClusterInput,
  sampleManifest,
  sampleNode,
  sampleOverlay,
  sampleView,
} from '../support/sample-view.ts';

const manifest = sampleManifest();
const secrets = {
  mungeKey: Buffer.from([0, 255, 10]),
  sshHostKey: Buffer.from('key'),
  sshCaPublicKey: Buffer.from('ssh-ed25519 AAAA ca\n'),
};

/** The sample where compute nodes have these overlays and no other. */
function viewOf(overlays: readonly OverlaySource[], changes: Record<string, unknown> = {}): ClusterView {
  const compute = { ...sampleClusterInput.roles.compute, overlays: overlays.map(({ name }) => name) };
  return sampleView({
    cluster: sampleCluster({ roles: { ...sampleClusterInput.roles, compute }, ...changes }),
    overlays: new Map([...sampleView().overlays, ...overlays.map((overlay) => [overlay.name, overlay] as const)]),
  });
}

const render = (view: ClusterView, node = 'node01') =>
  renderOverlays({ node: sampleNode(node, view), view, manifest, secrets });

/** One overlay on node01, all parts together. */
function files(overlay: OverlaySource, changes?: Record<string, unknown>): NodeFile[] {
  const { frozen, live } = render(viewOf([overlay], changes));
  return [...frozen, ...live];
}

function failure(work: () => unknown): { message: string; hint: string | undefined } {
  try {
    work();
  } catch (error) {
    if (error instanceof ConfigError) return { message: error.message, hint: error.hint };
    throw error;
  }
  throw new Error('nothing was refused');
}

const textOf = (file: NodeFile | undefined) => (file?.kind === 'file' ? Buffer.from(file.bytes).toString() : undefined);

test('templates are rendered, other files are copied byte by byte', () => {
  const source = sampleOverlay('o', {}, { 'etc/a.hbs': '{{node.name}}', 'etc/b': '{{node.name}}' });
  const binary: OverlaySource = {
    ...source,
    files: [
      ...source.files,
      { kind: 'file', path: 'usr/local/bin/x', isTemplate: false, isExecutable: true, bytes: Buffer.from([0, 159]) },
    ],
  };

  expect(files(binary)).toEqual([
    { kind: 'file', path: 'etc/a', mode: 0o644, uid: 0, gid: 0, bytes: Buffer.from('node01') },
    { kind: 'file', path: 'etc/b', mode: 0o644, uid: 0, gid: 0, bytes: Buffer.from('{{node.name}}') },
    { kind: 'file', path: 'usr/local/bin/x', mode: 0o755, uid: 0, gid: 0, bytes: Buffer.from([0, 159]) },
  ]);
});

test('owners and modes are those of overlay.yaml, by the ids of the image', () => {
  const overlay = sampleOverlay(
    'o',
    {
      needs: { secrets: ['mungeKey'] },
      files: {
        'etc/munge': { owner: 'munge', mode: '0700' },
        'etc/munge/munge.key': { owner: 'munge', secret: 'mungeKey' },
        'etc/app/conf': { owner: 'root:adm', mode: '640' },
      },
    },
    { 'etc/app/conf': 'x' },
  );

  expect(files(overlay)).toEqual([
    { kind: 'file', path: 'etc/app/conf', mode: 0o640, uid: 0, gid: 4, bytes: Buffer.from('x') },
    { kind: 'directory', path: 'etc/munge', mode: 0o700, uid: 100, gid: 101 },
    {
      kind: 'file',
      path: 'etc/munge/munge.key',
      mode: 0o600,
      uid: 100,
      gid: 101,
      bytes: secrets.mungeKey,
      isSecret: true,
    },
  ]);
});

test('folders that overlay.yaml does not name are left as the image has them', () => {
  const overlay = sampleOverlay('o', {}, { 'home/a/b/c': 'x' });

  expect(files(overlay).map((file) => file.kind)).toEqual(['file']);
});

test('a file that may be skipped is on no node for which its template has nothing to say', () => {
  const spec = { files: { 'etc/a': { skipEmpty: true }, 'etc/b': { skipEmpty: true, live: true } } };
  const some = "{{#if (eq node.name 'node01')}}x{{/if}}";
  const overlay = sampleOverlay('o', spec, { 'etc/a.hbs': some, 'etc/b.hbs': some, 'etc/c.hbs': some });
  const view = viewOf([overlay]);
  const pathsOn = (node: string) => {
    const { frozen, live } = render(view, node);
    return [...frozen, ...live].flatMap((file) => ('path' in file ? [file.path] : []));
  };

  expect(pathsOn('node01')).toEqual(['etc/a', 'etc/c', 'etc/b']);
  expect(pathsOn('node02')).toEqual(['etc/c']);
});

describe('frozen and live', () => {
  const overlay = sampleOverlay(
    'o',
    {
      needs: { secrets: ['mungeKey'] },
      files: { 'etc/live': { live: true }, 'etc/key': { secret: 'mungeKey' } },
      remove: ['etc/x*'],
    },
    { 'etc/live': 'x', 'etc/frozen': 'x' },
  );

  test('secrets are live even when overlay.yaml does not say so', () => {
    const { frozen, live } = render(viewOf([overlay]));

    expect(live.map((file) => ('path' in file ? file.path : ''))).toEqual(['etc/key', 'etc/live']);
    expect(frozen).toMatchObject([{ kind: 'remove', glob: 'etc/x*' }, { path: 'etc/frozen' }]);
  });

  test('the frozen part needs no secret', () => {
    const view = viewOf([overlay]);

    expect(renderFrozenOverlay({ node: sampleNode('node01', view), view, manifest })).toEqual(render(view).frozen);
  });

  test.each(['{{#each nodes}}{{name}}{{/each}}', '{{slurm.configured}}', '{{ssh.caPublicKey}}'])(
    'a frozen file cannot say %s',
    (text) => {
      const { message, hint } = failure(() => files(sampleOverlay('o', {}, { 'etc/list.hbs': text })));

      expect(message).toMatch(/^overlays\/o\/files\/etc\/list\.hbs: there is no variable \w+ here$/);
      expect(hint).toContain('"etc/list: { live: true }" under files: in overlays/o/overlay.yaml');
    },
  );

  test('a live file sees tables and the authority', () => {
    const text = '{{join nodes " " "name"}} {{slurm.controller.name}} {{ssh.caPublicKey}}';
    const spec = { needs: { secrets: ['sshCaPublicKey'] }, files: { 'etc/list': { live: true } } };

    expect(textOf(files(sampleOverlay('o', spec, { 'etc/list.hbs': text }))[0])).toBe(
      'head login node01 node02 head ssh-ed25519 AAAA ca',
    );
  });
});

describe('what overlays need:', () => {
  test('variables come from the cluster, the role and the node, the nearest wins', () => {
    const overlay = sampleOverlay(
      'o',
      { needs: { vars: ['a', 'b', 'c'] } },
      { 'etc/x.hbs': '{{vars.a}}{{vars.b}}{{vars.c}}' },
    );
    const compute = { ...sampleClusterInput.roles.compute, overlays: ['o'], vars: { b: 2, c: 2 } };
    const view = viewOf([overlay], { vars: { a: 1, b: 1, c: 1 }, roles: { ...sampleClusterInput.roles, compute } });
    const nodes = view.nodes.map((node) => (node.name === 'node01' ? { ...node, vars: { c: 3 } } : node));

    expect(textOf(render({ ...view, nodes }).frozen[0])).toBe('123');
  });

  test('a missing variable names overlay, node and role, and where to set it', () => {
    const { message, hint } = failure(() => files(sampleOverlay('o', { needs: { vars: ['slurmPartitoin'] } })));

    expect(message).toBe(
      'the overlay o needs the variable slurmPartitoin, which node01 (role compute) does not have; did you mean slurmPartition?',
    );
    expect(hint).toBe('Set it under vars: of node01, of the role compute, or of the whole cluster in cluster.yaml.');
  });

  test('a missing secret names overlay, node and role, and where to set it', () => {
    const { message, hint } = failure(() => files(sampleOverlay('o', { needs: { secrets: ['munggeKey'] } })));

    expect(message).toBe(
      'the overlay o needs the secret munggeKey, which node01 (role compute) does not have; did you mean mungeKey?',
    );
    expect(hint).toContain('secrets: { munggeKey: { generateBytes: 32 } }');
  });

  test('the secrets of all overlays of the role are asked for, each once', () => {
    expect(neededSecrets(sampleNode('node01'), sampleView())).toEqual(['mungeKey', 'sshHostKey']);
  });
});

describe('an entry that would land elsewhere is refused:', () => {
  const of = (spec: Record<string, unknown>, texts: Record<string, string> = {}) =>
    failure(() => files(sampleOverlay('o', spec, texts)));

  test.each([
    [
      'below a link',
      { 'lib/modules-load.d/x.conf': '' },
      'overlays/o/files/lib/modules-load.d/x.conf: in the image debian-lite, lib is a link to usr/lib',
      'usr/lib/modules-load.d/x.conf',
    ],
    [
      'in place of a link',
      { 'var/run': '' },
      'overlays/o/files/var/run: in the image debian-lite, var/run is a link to /run',
      'run.',
    ],
    [
      'below an absolute link',
      { 'var/run/x.hbs': '' },
      'overlays/o/files/var/run/x.hbs: in the image debian-lite, var/run is a link to /run',
      'run/x.',
    ],
  ])('%s', (_what, texts, message, hint) => {
    const refused = of({}, texts);

    expect(refused.message).toBe(message);
    expect(refused.hint).toBe(`Put it where the link leads: ${hint.endsWith('.') ? hint : `${hint}.`}`);
  });

  test('a glob below a link', () => {
    expect(of({ remove: ['sbin/x*'] }).message).toBe(
      'remove: sbin/x*: in the image debian-lite, sbin is a link to usr/sbin',
    );
  });

  test.each([
    ['mungee', 'the image debian-lite 20261121.1 has no user mungee; did you mean munge?'],
    ['root:admm', 'the image debian-lite 20261121.1 has no group admm; did you mean adm?'],
    ['sshd', 'the image debian-lite 20261121.1 has no group sshd'],
  ])('owner %s', (owner, message) => {
    const refused = of({ files: { 'etc/x': { owner } } }, { 'etc/x': '' });

    expect(refused.message).toBe(`overlays/o/files/etc/x: ${message}`);
    expect(refused.hint).toContain('munge');
  });
});

describe('rendering is deterministic', () => {
  const view = sampleView();
  const expected = render(view);

  test('whatever the order of nodes, overlays and roles in the files', () => {
    const shuffled = <T>(items: readonly T[]) => fc.shuffledSubarray([...items], { minLength: items.length });
    fc.assert(
      fc.property(
        shuffled(view.nodes),
        shuffled([...view.overlays]),
        shuffled(Object.entries(view.cluster.roles)),
        (nodes, overlays, roles) => {
          const other = {
            ...view,
            nodes,
            overlays: new Map(overlays),
            cluster: { ...view.cluster, roles: Object.fromEntries(roles) },
          };
          expect(render(other)).toEqual(expected);
        },
      ),
      { numRuns: 30 },
    );
  });

  test('and so is the digest, whatever the order of files', () => {
    const digest = overlayDigest(expected.frozen);

    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(overlayDigest(expected.frozen.toReversed())).toBe(digest);
  });

  test.each<[string, (file: NodeFile) => NodeFile]>([
    ['content', (file) => (file.kind === 'file' ? { ...file, bytes: Buffer.from('other') } : file)],
    ['modes', (file) => ('mode' in file ? { ...file, mode: 0o777 } : file)],
    ['owners', (file) => ('uid' in file ? { ...file, uid: 7 } : file)],
    ['paths', (file) => ('path' in file ? { ...file, path: `${file.path}.x` } : file)],
    ['links', (file) => (file.kind === 'link' ? { ...file, target: '/elsewhere' } : file)],
    ['removed globs', (file) => (file.kind === 'remove' ? { ...file, glob: 'x' } : file)],
  ])('the digest changes with %s', (_what, change) => {
    expect(overlayDigest(expected.frozen.map(change))).not.toBe(overlayDigest(expected.frozen));
  });
});
