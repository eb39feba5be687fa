/** Real firmware that is no Raspberry Pi's, EDK2 and U-Boot, boots from the real service down to the node's overlay. Needs root. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Boot } from '../../src/model/boot.ts';
import { capture, type Capture } from '../support/capture.ts';
import type { Namespaces } from '../support/namespaces.ts';
import { buildImage, imageState, piImage, piImageWorks } from '../support/pi-image.ts';
import { besideRack, rackSwitch } from '../support/rack-switch.ts';

const spec = `image: debian-lite
boards:
  - { name: head, role: controller }
  - { name: pxe, role: login, board: uefi }
  - { name: web, role: compute, board: uefi, firmware: edk2-http }
  - { name: uboot, role: compute, board: uefi, firmware: u-boot }
`;

let dir: string;
let net: Namespaces | undefined;
let seen: Capture;

beforeAll(async () => {
  await buildImage();
  dir = await mkdtemp(path.join(tmpdir(), 'pi-image-uefi-'));
  await writeFile(path.join(dir, 'rack.yaml'), spec);
  await piImageWorks('--state', imageState, 'rack', 'up', '--dir', dir, '-f', path.join(dir, 'rack.yaml'));
  net = await besideRack(dir);
  const at = { namespace: rackSwitch, device: rackSwitch, file: path.join(dir, 'udp.pcapng'), only: 'udp' };
  seen = await capture(net, at);
});

afterAll(async () => {
  await net?.close();
  await piImage(['rack', 'down', '--dir', dir]);
  await rm(dir, { recursive: true, force: true });
});

/** Asks the rack's own service. */
const ofRack = (...args: readonly string[]) =>
  piImageWorks('--runtime', path.join(dir, 'run'), '--state', path.join(dir, 'state'), ...args, '-o', 'json');

async function lastBoot(node: string): Promise<Boot | undefined> {
  const shown = JSON.parse(await ofRack('node', 'show', node)) as { status: { lastBoot?: Boot } };
  return shown.status.lastBoot;
}

const phasesOf = async (node: string) => (await lastBoot(node))?.phases.map(({ phase }) => phase) ?? [];

const consoleOf = (node: string) => readFile(path.join(dir, 'boards', node, 'console.log'), 'utf8');

/** What TFTP sent to an address, as the service's log tells it ten seconds after the last file: `files=2`. */
async function servedByTftp(address: string): Promise<string> {
  const log = await readFile(path.join(dir, 'logs', 'service.log'), 'utf8');
  return log.split('\n').find((line) => line.includes(`tftp.served address=${address} `)) ?? '';
}

async function bootsToItsOverlay(node: string): Promise<void> {
  await piImageWorks('rack', 'boot', node, '--dir', dir);
  await expect.poll(() => phasesOf(node), { timeout: 300_000, interval: 2000 }).toContain('overlay');
  await piImageWorks('rack', 'power', node, 'off', '--dir', dir);
}

test('UEFI by PXE: TFTP gives iPXE and its script, HTTP the kernel', async () => {
  await bootsToItsOverlay('pxe');

  expect((await phasesOf('pxe')).slice(0, 6)).toEqual(['offered', 'loading', 'kernel', 'network', 'root', 'overlay']);
  const shown = await consoleOf('pxe');
  expect(shown).toContain('NBP filename is ipxe-arm64.efi');
  expect(shown).toContain('autoexec.ipxe... ok');
  // A slow download shows how far it is, in the same line.
  expect(shown).toMatch(/http:\/\/10\.42\.0\.1:80\/boot\/v1\/files\/kernel8\.img\.\.\. .*ok/);
  await expect.poll(() => servedByTftp('10.42.0.12'), { timeout: 30_000 }).toMatch(/ files=2 /);
});

test('UEFI by HTTP: nothing comes over TFTP', async () => {
  await bootsToItsOverlay('web');

  const shown = await consoleOf('web');
  expect(shown).toContain('URI: http://10.42.0.1/boot/v1/files/ipxe-arm64.efi');
  expect(shown).toContain('autoexec.ipxe... ok');
  expect(await servedByTftp('10.42.0.13')).toBe('');
});

test('U-Boot: pxelinux.cfg under its MAC is the first that it asks for, and the compressed kernel starts', async () => {
  await bootsToItsOverlay('uboot');

  const shown = await consoleOf('uboot');
  expect(/Retrieving file: (pxelinux\S+)/.exec(shown)?.[1]).toBe('pxelinux.cfg/01-52-54-00-00-ac-04');
  expect(shown).toContain('Uncompressing Kernel Image');
  await expect.poll(() => servedByTftp('10.42.0.14'), { timeout: 30_000 }).toMatch(/ files=3 /);
});

test('Wireshark finds no fault in what all three were told by DHCP and TFTP', async () => {
  await seen.stop();

  const ours = 'ip.src == 10.42.0.1';
  expect(await seen.read(`dhcp && ${ours}`, 'dhcp.file')).toContain('ipxe-arm64.efi');
  expect((await seen.read(`tftp.opcode == 3 && ${ours}`, 'frame.number')).length).toBeGreaterThan(1000);
  expect(await seen.faults(`(dhcp || tftp) && ${ours}`)).toEqual([]);
});

describe('who has booted, or is another,', () => {
  /** From the address of `pxe`, whose power is off. */
  async function get(name: string): Promise<string> {
    const url = `http://10.42.0.1/boot/v1/files/${name}`;
    const argv = [
      'ip',
      'netns',
      'exec',
      'board1',
      'curl',
      '-s',
      '-o',
      '-',
      '-w',
      ' %{http_code}',
      '--max-time',
      '20',
      url,
    ];
    return piImageWorks('rack', 'exec', '--dir', dir, '--', ...argv);
  }

  beforeAll(async () => {
    for (const argv of [
      ['-n', 'board1', 'link', 'set', 'eth0', 'up'],
      ['-n', 'board1', 'address', 'add', '10.42.0.12/24', 'dev', 'eth0'],
    ]) {
      await piImageWorks('rack', 'exec', '--dir', dir, '--', 'ip', ...argv);
    }
  });

  test('gets no token', async () => {
    expect(await get('autoexec.ipxe')).toMatch(/^pxe has no lease, and its token goes only to a leased address\s+404$/);
    expect(await get('pxelinux.cfg/01-52-54-00-00-ac-02')).toMatch(/404$/);
  });

  test("does not find another node's script", async () => {
    expect(await get('pxelinux.cfg/01-52-54-00-00-ac-04')).toMatch(/^52-54-00-00-ac-04\/ belongs to uboot.*\s404$/s);
    expect(await get('pxelinux.cfg/default')).toMatch(/404$/);
  });

  test('may still load what holds no secret', async () => {
    expect(await get('ipxe-arm64.efi')).toMatch(/200$/);
  });
});
