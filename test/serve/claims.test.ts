import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { Cluster } from '../../src/model/cluster.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import { bootFileFinder, type BootFileContent } from '../../src/serve/boot-files.ts';
import { createClaims, type Claims } from '../../src/serve/claims.ts';
import { dhcpRecorder } from '../../src/serve/dhcp-record.ts';
import { sampleBoots } from '../support/sample-boots.ts';
import { sampleCluster, sampleNode, sampleView } from '../support/sample-view.ts';

const node01 = sampleNode('node01');
const { mac = 'none' } = node01;
const leased = parseIpv4('10.42.0.57');
const stranger = parseIpv4('10.42.0.77');
const line = '9ffefdef/cmdline.txt';

let sample: Awaited<ReturnType<typeof sampleBoots>>;
let claims: Claims;
beforeEach(async () => {
  sample = await sampleBoots();
  claims = createClaims({ ...sample, isSilent: () => false, now: () => sample.world.nowMs });
});
afterEach(() => sample.remove());

function become(changes: Partial<Cluster['network']>): void {
  const cluster = sampleCluster();
  sample.world.view = sampleView({ cluster: { ...cluster, network: { ...cluster.network, ...changes } } });
}

function find(name: string, from = leased): Promise<BootFileContent> {
  return bootFileFinder({ ...sample, claims, imagesDir: '/images' })(name, from);
}

async function tokenAt(from = leased): Promise<string> {
  const found = await find(line, from);
  if (found.kind === 'bytes') return /pi_image\.token=(\S+)/.exec(Buffer.from(found.bytes).toString())?.[1] ?? 'none';
  return 'reason' in found ? found.reason : found.kind;
}

/** As DHCP tells it. */
async function discover(): Promise<void> {
  claims.discovered('node01');
  const node = sample.world.view.nodes.find(({ name }) => name === 'node01') ?? node01;
  await sample.boots.arrive(node, mac, 'discover');
}

const kernelReports = async () => {
  const boot = sample.boots.all().at(-1);
  if (boot !== undefined) await sample.boots.report(boot, { phase: 'kernel', uptimeSeconds: 1, detail: undefined });
};

describe('with "dhcp: proxy"', () => {
  beforeEach(() => become({ dhcp: 'proxy' }));

  test('the boot that the DISCOVER began is where its files are asked for', async () => {
    await discover();
    expect(sample.boots.all()[0]?.address).toBe(node01.address);

    const token = await tokenAt();

    const [boot, ...more] = sample.boots.all();
    expect(boot).toMatchObject({ address: leased, token });
    expect(more).toEqual([]);
    expect(sample.boots.authorise(token, leased).kind).toBe('valid');
  });

  test('its token is of no use elsewhere, and the boot says so', async () => {
    await discover();
    const token = await tokenAt();

    expect(sample.boots.authorise(token, stranger)).toMatchObject({
      kind: 'refused',
      reason: 'this boot of node01 began at 10.42.0.57, and its token is of no use at 10.42.0.77',
    });
    expect(sample.boots.all()[0]?.tokenRefused).toContain('10.42.0.77');
  });

  test('a second claimant ends the token of the first, and both are named once', async () => {
    await discover();
    const token = await tokenAt();

    const reason = '10.42.0.57 and 10.42.0.77 both ask for the files of node01: neither gets its token';
    expect(await tokenAt(stranger)).toBe(reason);
    expect(await tokenAt()).toBe(reason);

    expect(sample.boots.authorise(token, leased).kind).toBe('refused');
    expect(sample.boots.all()[0]).toMatchObject({ tokenRefused: expect.stringContaining('neither') });
    expect(sample.lines.filter((each) => each.startsWith('boot.claim-refused'))).toHaveLength(1);
  });

  test('nobody has a token before DHCP saw the board, and what holds no secret goes out', async () => {
    expect(await tokenAt()).toContain('DHCP has seen nothing of the board of node01');
    expect(await tokenAt(node01.address)).toContain('DHCP has seen nothing');
    expect((await find('9ffefdef/config.txt')).kind).toBe('bytes');
    expect((await find('config.txt', stranger)).kind).toBe('missing');
    expect(sample.boots.all()).toEqual([]);
  });

  test('a user of a running node gets neither its next token nor that of another node', async () => {
    await discover();
    await tokenAt();
    await kernelReports();

    expect(await tokenAt()).not.toMatch(/^[\w-]{43}$/);
    claims.discovered('login');
    expect(await find('10000001/cmdline.txt')).toMatchObject({ kind: 'missing' });
  });

  test('what DHCP hears reaches the claims', async () => {
    const { site, boots, health, log, database } = sample;
    const recorder = dhcpRecorder({ site, boots, health, log, claims, state: database.state, now: () => 0 });

    recorder.sign({ kind: 'discover', node: 'node01', mac: 'dc:a6:32:00:00:01' as never });
    const sign = { kind: 'request', atMs: 0, address: leased } as const;
    recorder.sign({ kind: 'seen', node: 'node01', mac: 'dc:a6:32:00:00:01' as never, sign });

    expect(await tokenAt(stranger)).toBe(
      'the board of node01 took 10.42.0.57 from the other DHCP server, not 10.42.0.77',
    );
    expect(await tokenAt()).toMatch(/^[\w-]{43}$/);
  });
});

describe('with "dhcp: off"', () => {
  test('nobody gets a token', async () => {
    become({ dhcp: 'off' });
    expect(await tokenAt(node01.address)).toContain('"trust: requests" in cluster.yaml gives its token all the same');
    expect((await find('9ffefdef/config.txt')).kind).toBe('bytes');
  });

  test('where requests are trusted each start has a token of its own', async () => {
    become({ dhcp: 'off', trust: 'requests' });
    const first = await tokenAt();
    expect(first).toMatch(/^[\w-]{43}$/);
    expect(await tokenAt()).toBe(first);

    await kernelReports();
    const second = await tokenAt();

    expect(second).toMatch(/^[\w-]{43}$/);
    expect(second).not.toBe(first);
  });
});

test('with "dhcp: server" nobody claims anything', () => {
  expect(claims.claim(line, stranger)).toBeUndefined();
});
