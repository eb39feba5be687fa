/** Contradictions in cluster.yaml and nodes.yaml, each with the place it stands at. */
import { describe, expect, test } from 'vitest';

import type { Cluster } from '../../src/model/cluster.ts';
import { NodeList } from '../../src/model/node.ts';
import type { Problem } from '../../src/model/problem.ts';
import { checkNodes } from '../../src/plan/check-cluster-nodes.ts';
import { noteUnused } from '../../src/plan/check-cluster-notes.ts';
import { checkCluster } from '../../src/plan/check-cluster.ts';
import type { KnownParts } from '../../src/plan/known-parts.ts';
import {
  sampleCluster,
  sampleClusterInput,
  sampleNodesInput,
  sampleOverlay,
  sampleView,
} from '../support/sample-view.ts';
import { signedView } from '../support/signed-view.ts';

const known: KnownParts = {
  overlays: new Map([
    ...sampleView().overlays,
    ['needy', sampleOverlay('needy', { needs: { vars: ['color'], secrets: ['apiKey', 'sshHostKey'] } })],
  ]),
  images: new Map([
    ['debian-lite', { boards: ['pi3', 'pi4', 'pi5', 'uefi'] as const }],
    ['pi4-only', { boards: ['pi4'] as const }],
    ['unbuilt', { boards: undefined }],
  ]),
};

const { network, roles, shares } = sampleClusterInput;
const [home, slurm] = shares;

/** `network.pool: message`, the way people will read it. */
function sentences(problems: readonly Problem[]): string[] {
  return problems.map(({ path, message, other }) => {
    const also = other === undefined ? '' : ` <- ${other.join('.')}`;
    return `${path.join('.')}: ${message}${also}`;
  });
}

test('the sample has no problems', () => {
  expect(checkCluster(sampleCluster(), known)).toEqual([]);
  expect(checkNodes(sampleView().nodes, sampleCluster(), known)).toEqual([]);
});

describe('cluster.yaml', () => {
  test.each<[string, Record<string, unknown>, string[]]>([
    [
      'the address is the network itself',
      { network: { ...network, address: '10.42.0.0/24' } },
      ['network.address: 10.42.0.0 is the network address of 10.42.0.0/24'],
    ],
    [
      'the address is the broadcast address',
      { network: { ...network, address: '10.42.0.255/24' } },
      ['network.address: 10.42.0.255 is the broadcast address of 10.42.0.0/24'],
    ],
    [
      'the pool lies elsewhere',
      { network: { ...network, pool: '10.43.0.200-10.43.0.239' } },
      ['network.pool: 10.43.0.200 is not a host address of 10.42.0.0/24'],
    ],
    [
      'the pool reaches the broadcast address',
      { network: { ...network, pool: '10.42.0.200-10.42.0.255' } },
      ['network.pool: 10.42.0.255 is not a host address of 10.42.0.0/24'],
    ],
    [
      'the pool holds the storage node',
      { network: { ...network, pool: '10.42.0.1-10.42.0.9' } },
      ["network.pool: the pool holds 10.42.0.1, which is this storage node's own address"],
    ],
    [
      'the gateway is not reachable',
      { network: { ...network, gateway: '192.168.1.1' } },
      ['network.gateway: 192.168.1.1 is not a host address of 10.42.0.0/24'],
    ],
    [
      'the gateway lies in the pool',
      { network: { ...network, gateway: '10.42.0.200' } },
      ['network.gateway: 10.42.0.200 lies in the pool of unknown boards'],
    ],
    ['two services on one port', { ports: { nfs: 80 } }, ['ports.nfs: port 80 is taken by http already']],
    ['TCP and UDP ports are apart', { ports: { http: 69 } }, []],
    [
      'the hold image does not exist',
      { network: { ...network, hold: 'debian-light' } },
      ['network.hold: there is no image debian-light; did you mean debian-lite?'],
    ],
    [
      'an image does not exist',
      { roles: { ...roles, login: { image: 'pios@1' } } },
      ['roles.login.image: there is no image pios'],
    ],
    [
      'an overlay does not exist',
      { roles: { ...roles, login: { image: 'debian-lite', overlays: ['base', 'shh'] } } },
      ['roles.login.overlays.1: there is no overlay shh; did you mean ssh?'],
    ],
    [
      'an overlay is listed twice',
      { roles: { ...roles, login: { image: 'debian-lite', overlays: ['base', 'ssh', 'base'] } } },
      ['roles.login.overlays.2: overlay base is listed twice <- roles.login.overlays.0'],
    ],
    [
      'a secret is not declared; built-in ones need not be',
      { roles: { ...roles, login: { image: 'debian-lite', overlays: ['needy'] } } },
      ['roles.login.overlays.0: overlay needy needs the secret apiKey, which does not stand under secrets'],
    ],
    [
      'a secret that is the content of a file is not declared',
      { secrets: { mungKey: { generateBytes: 128 } } },
      ['compute', 'controller', 'login'].map(
        (role) =>
          `roles.${role}.overlays.2: overlay slurm-node needs the secret mungeKey, which does not stand under secrets; did you mean mungKey?`,
      ),
    ],
    [
      'a secret takes the name of a built-in one',
      { secrets: { mungeKey: { generateBytes: 128 }, sshHostKey: { file: '/etc/key' } } },
      ['secrets.sshHostKey: sshHostKey is made by pi-image itself'],
    ],
    [
      'the controller role does not exist',
      { slurm: { controllerRole: 'controler' } },
      ['slurm.controllerRole: there is no role controler; did you mean controller?'],
    ],
    [
      'a share names a role that does not exist',
      { shares: [{ ...slurm, roles: ['compute', 'controler'] }] },
      ['shares.0.roles.1: there is no role controler; did you mean controller?'],
    ],
    [
      'a share hides the system',
      { shares: [{ ...home, mount: '/etc' }] },
      ['shares.0.mount: a share must not be mounted on /etc: nodes need what is there'],
    ],
    [
      'a share lies in /proc',
      { shares: [{ ...home, mount: '/proc/share' }] },
      ['shares.0.mount: a share must not be mounted on /proc/share: nodes need what is there'],
    ],
    [
      'two shares are the same',
      { shares: [home, home] },
      [
        'shares.1.name: there are two shares named home <- shares.0.name',
        'shares.1.path: /srv/shares/home is shared twice <- shares.0.path',
        'shares.1.mount: two shares are mounted on /home of the same nodes <- shares.0.mount',
      ],
    ],
    [
      'one mount point for two roles is fine',
      {
        shares: [
          { name: 'a', path: '/srv/a', mount: '/scratch', roles: ['compute'] },
          { name: 'b', path: '/srv/b', mount: '/scratch', roles: ['login'] },
        ],
      },
      [],
    ],
  ])('%s', (_name, changes, expected) => {
    expect(sentences(checkCluster(sampleCluster(changes), known))).toEqual(expected);
  });
});

describe('nodes.yaml', () => {
  /** The sample's nodes with changes to the first. */
  const first = (changes: Record<string, unknown>) =>
    NodeList.parse([{ ...sampleNodesInput[0], ...changes }, ...sampleNodesInput.slice(1)]);

  const check = (nodes: Parameters<typeof checkNodes>[0], cluster: Cluster = sampleCluster()) =>
    sentences(checkNodes(nodes, cluster, known));

  test.each<[string, Record<string, unknown>, string[]]>([
    ['a name twice', { name: 'head' }, ['1.name: name head belongs to head already <- 0.name']],
    [
      'a MAC address twice, written differently',
      { mac: 'DC-A6-32-00-00-01' },
      ['1.mac: MAC address dc:a6:32:00:00:01 belongs to node01 already <- 0.mac'],
    ],
    [
      'a serial twice, once with 16 digits',
      { serial: '0000000010000001' },
      ['1.serial: serial 10000001 belongs to node01 already <- 0.serial'],
    ],
    [
      'an address twice',
      { address: '10.42.0.10' },
      ['1.address: address 10.42.0.10 belongs to node01 already <- 0.address'],
    ],
    [
      'an address outside the subnet',
      { address: '10.43.0.11' },
      ['0.address: 10.43.0.11 is not a host address of 10.42.0.0/24'],
    ],
    [
      'the broadcast address',
      { address: '10.42.0.255' },
      ['0.address: 10.42.0.255 is not a host address of 10.42.0.0/24'],
    ],
    ["the storage node's address", { address: '10.42.0.1' }, ['0.address: 10.42.0.1 is the storage node itself']],
    [
      'an address in the pool',
      { address: '10.42.0.200' },
      ['0.address: 10.42.0.200 lies in the pool of unknown boards, 10.42.0.200-10.42.0.239'],
    ],
    ['a role that does not exist', { role: 'computer' }, ['0.role: there is no role computer; did you mean compute?']],
    [
      'a second controller',
      { role: 'controller' },
      ['1.role: a second Slurm controller beside node01: exactly one node may have the role controller <- 0.role'],
    ],
    ['a group address', { mac: '01:00:5e:00:00:01' }, ['0.mac: 01:00:5e:00:00:01 is not the address of one board']],
    ['no address', { mac: '00:00:00:00:00:00' }, ['0.mac: 00:00:00:00:00:00 is not the address of one board']],
    ['a serial that is none', { serial: '44444444' }, ['0.serial: 44444444 is no serial: many boards show it']],
    [
      'a uefi node that has a serial alone',
      { board: 'uefi', mac: undefined },
      ['0: a uefi node is known by its MAC address, and this one has none'],
    ],
    ['localhost', { name: 'localhost' }, ['0.name: localhost is every machine to itself']],
    ['a switch that does not exist', { power: { switch: 'sw1', port: 1 } }, ['0.power.switch: there is no switch sw1']],
  ])('%s', (_name, changes, expected) => {
    expect(check(first(changes))).toEqual(expected);
  });

  test('the gateway is not given away', () => {
    const cluster = sampleCluster({ network: { ...network, gateway: '10.42.0.254' } });

    expect(check(first({ address: '10.42.0.254' }), cluster)).toEqual(['0.address: 10.42.0.254 is the gateway']);
  });

  test('two nodes on one switch port', () => {
    const cluster = sampleCluster({ switches: { sw1: { driver: 'none' } } });
    const nodes = NodeList.parse(
      sampleNodesInput.slice(0, 2).map((node) => Object.assign({ power: { switch: 'sw1', port: 3 } }, node)),
    );

    expect(check(nodes, cluster)).toEqual(['1.power: switch port sw1 port 3 belongs to node01 already <- 0.power']);
  });

  test('boards that cannot boot signed', () => {
    expect(check(first({}), signedView().cluster)).toEqual([
      '2.board: a uefi cannot boot signed, as role compute wants it',
      '3.board: a pi3 cannot boot signed, as role login wants it',
    ]);
  });

  test('a board that the image does not boot on', () => {
    const cluster = sampleCluster({ roles: { ...roles, compute: { image: 'pi4-only' } } });

    expect(check(sampleView().nodes, cluster)).toEqual([
      '0.board: image pi4-only of role compute does not boot on pi5, only on pi4',
      '2.board: image pi4-only of role compute does not boot on uefi, only on pi4',
    ]);
  });

  test('boards of an image that nobody knows are not judged', () => {
    const cluster = sampleCluster({ roles: { ...roles, compute: { image: 'unbuilt' } } });

    expect(check(sampleView().nodes, cluster)).toEqual([]);
  });

  test('a variable that no one gives is reported once per role', () => {
    const compute = { image: 'debian-lite', overlays: ['needy'] };
    const cluster = (more: object) => sampleCluster({ roles: { ...roles, compute: { ...compute, ...more } } });
    const lack =
      '0: overlay needy needs the variable color, which neither this node (and 1 more nodes) nor role compute has';

    expect(check(sampleView().nodes, cluster({}))).toEqual([lack]);
    expect(check(sampleView().nodes, cluster({ vars: { color: 'red' } }))).toEqual([]);
    expect(check(first({ vars: { color: 'red' } }), cluster({}))).toEqual([
      '2: overlay needy needs the variable color, which neither this node nor role compute has',
    ]);
  });
});

describe('notes', () => {
  test('there are none where nothing is left out', () => {
    const quiet = sampleCluster({ roles: { a: { image: 'debian-lite' } } });

    expect(noteUnused(quiet)).toEqual([]);
  });

  test('what is accepted and not acted on is said', () => {
    const cluster = sampleCluster({
      network: { ...network, hold: 'debian-lite', dhcp: 'off', pool: undefined },
      switches: { sw1: { driver: 'none' } },
      roles: { a: { image: 'debian-lite', ready: ['slurmd'], deadline: '10m' } },
    });

    expect(noteUnused(cluster).map(({ path }) => path.join('.'))).toEqual(['network.hold']);
    const trusting = (dhcp: string) =>
      sampleCluster({ network: { ...network, dhcp, trust: 'requests' }, switches: {} });
    expect(noteUnused(trusting('server')).map(({ path }) => path.join('.'))).toEqual(['network.trust']);
  });
});
