/**
 * A root as Raspberry Pi OS has it is sealed, and the programs that will read it say what became of it: systemd of its units
 * and settings, util-linux of its fstab, the kernel of its capabilities. Needs root.
 */
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { applyRules, readCapabilities } from '../../src/build/apply-seal.ts';
import { run } from '../../src/host/process.ts';
import { TreeOnDisk } from '../../src/host/seal-tree.ts';
import type { DisklessRecord } from '../../src/model/diskless.ts';
import { sealRules } from '../../src/plan/seal.ts';
import { officialRoot } from '../support/official-root.ts';

const signal = AbortSignal.timeout(120_000);
let dir: string;
let root: string;
let record: DisklessRecord;

const seal = async (keep: string[] = []) =>
  applyRules(root, new TreeOnDisk(root, await readCapabilities(root, signal)), { sources: '', enabled: [], keep });

async function makeRoot(): Promise<void> {
  for (const [name, file] of Object.entries(officialRoot)) {
    const place = path.join(root, name);
    await mkdir(path.dirname(place), { recursive: true });
    if (typeof file === 'string') await writeFile(place, file);
    else if ('link' in file) await symlink(file.link, place);
  }
  await chmod(path.join(root, 'usr/sbin/setcap'), 0o755);
  await run(['setcap', 'cap_net_raw=ep', path.join(root, 'usr/bin/ping')], { signal });
}

beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'diskless-'));
  root = path.join(dir, 'root');
  await makeRoot();
  record = await seal();
});
afterAll(() => rm(dir, { recursive: true }));

test('every rule that can be kept had something to do, and nothing is left for a second time', async () => {
  const all = sealRules
    .map(({ id }) => id)
    .filter((id) => !['ssh-host-keys', 'munge-key', 'random-seed', 'caches', 'apt-sources'].includes(id));
  expect(record.applied).toEqual(expect.arrayContaining(all.filter((id) => id !== 'dbus-machine-id')));
  expect((await seal()).applied).toEqual([]);
});

describe('systemd', () => {
  const isEnabled = (names: readonly string[], scope: string[] = []) =>
    run(['sh', '-c', 'systemctl "$@" || true', 'sh', ...scope, `--root=${root}`, 'is-enabled', ...names], { signal });

  const units = sealRules.flatMap(({ actions }) =>
    actions.flatMap((action) => (action.kind === 'mask' ? action.units : [])),
  );
  const ofImage = units.filter((unit) => `usr/lib/systemd/system/${unit}` in officialRoot);

  test('takes all units of an official image that rules name for masked, and others not', async () => {
    expect(ofImage.length).toBeGreaterThan(40);
    const states = (await isEnabled(ofImage)).trim().split('\n');
    expect(ofImage.map((unit, index) => [unit, states[index]])).toEqual(ofImage.map((unit) => [unit, 'masked']));
    expect((await isEnabled(['raspi-config.service'])).trim()).toBe('masked');
    expect((await isEnabled(['rpi-connect.service'], ['--global'])).trim()).toBe('masked');
    expect((await isEnabled(['ssh.service'])).trim()).not.toBe('masked');
  });

  test('reads a journal in memory, and no core dumps', async () => {
    const config = async (name: string) => {
      const text = await run(['systemd-analyze', `--root=${root}`, 'cat-config', name], { signal });
      return text.split('\n').filter((line) => /^\s*Storage/.test(line));
    };
    expect(await config('systemd/journald.conf')).toEqual(['Storage=volatile']);
    expect(await config('systemd/coredump.conf')).toEqual(['Storage=none']);
  });

  test('finds no fault in the unit that gives capabilities', async () => {
    const unit = path.join(root, 'etc/systemd/system/pi-image-capabilities.service');
    const said = await run(
      ['sh', '-c', 'systemd-analyze --man=no --recursive-errors=no verify "$1" 2>&1 || true', 'sh', unit],
      { signal },
    );
    expect(
      said.split('\n').filter((line) => line.includes('pi-image-capabilities') && !line.includes('setcap')),
    ).toEqual([]);
    expect(await readFile(unit, 'utf8')).toMatch(
      /^ExecStart=-\/usr\/sbin\/setcap -q "cap_net_raw=ep" "\/usr\/bin\/ping"$/m,
    );
  });
});

test('util-linux finds no partition in fstab', async () => {
  const sources = await run(['findmnt', '--tab-file', path.join(root, 'etc/fstab'), '-n', '-o', 'SOURCE'], { signal });
  expect(sources.trim()).toBe('proc');
});

/** $1 the root, $2 a folder: the root without capabilities below a tmpfs, as a node has it. */
const overlaid = `
mount -t tmpfs none "$2"
mkdir "$2/lower" "$2/upper" "$2/work" "$2/merged"
cp "$1/usr/bin/ping" "$2/lower/ping"
mount -t overlay -o "lowerdir=$2/lower,upperdir=$2/upper,workdir=$2/work" none "$2/merged"
setcap -q cap_net_raw=ep "$2/merged/ping"
getcap "$2/merged/ping"
getcap "$2/lower/ping"
`;

test('the kernel takes a capability for a program of an overlay on tmpfs', async () => {
  const scratch = path.join(dir, 'scratch');
  await mkdir(scratch);
  const said = await run(['unshare', '--mount', 'sh', '-euc', overlaid, 'sh', root, scratch], { signal });
  expect(said.trim()).toBe(`${scratch}/merged/ping cap_net_raw=ep`);
});
