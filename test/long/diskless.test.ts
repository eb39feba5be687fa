/**
 * debian-lite gets what an official image has and a node without a disk cannot bear: partitions in fstab, a wizard that waits
 * for a person, a service that takes the address away, generators, a journal on the disk, capabilities. A board boots what
 * pi-image makes of it. Needs root.
 */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { run } from '../../src/host/process.ts';
import { renderYaml } from '../../src/host/yaml-file.ts';
import { cardFstab } from '../support/official-root.ts';
import { buildImage, imageState, piImage } from '../support/pi-image.ts';
import { raiseRootModeRack, type RootModeRack } from '../support/root-mode-rack.ts';

const signal = AbortSignal.timeout(3_000_000);
const image = 'diskless-check';

let dir: string;
let rack: RootModeRack;
/** What has to be undone, the last first. */
const undo: (() => Promise<void>)[] = [];

/** $1 the root, $2 the text of fstab. Each would keep the board from being ready, or leave a unit that failed. */
const addFaults = `
cd "$1"
printf '%s' "$2" > etc/fstab
printf 'uninitialized\\n' > etc/machine-id
units=usr/lib/systemd/system; wants=etc/systemd/system/multi-user.target.wants
mkdir -p $wants usr/lib/systemd/system-generators etc/init.d etc/rc3.d etc/systemd/journald.conf.d var/log/journal
unit() {
  rm -f "etc/systemd/system/$1"
  printf '[Unit]\\nDescription=%s\\n[Service]\\nType=oneshot\\nExecStart=%s\\n' "$1" "$2" > "$units/$1"
  ln -sf "/$units/$1" "$wants/$1"
}
unit userconfig.service '/bin/sleep infinity'
unit networking.service '/bin/sh -c "ip address flush scope global"'
unit rpi-eeprom-update.service /bin/false
script=etc/init.d/resize2fs_once
printf '#!/bin/sh\\n### BEGIN INIT INFO\\n# Provides: resize2fs_once\\n# Default-Start: 3\\n# Default-Stop:\\n### END INIT INFO\\nexit 1\\n' > $script
ln -sf ../init.d/resize2fs_once etc/rc3.d/S01resize2fs_once
for name in rpi-swap-generator netplan; do
  printf '#!/bin/sh\\nmkdir -p /run/ran; : > /run/ran/%s\\n' $name > usr/lib/systemd/system-generators/$name
  chmod 755 usr/lib/systemd/system-generators/$name
done
chmod 755 $script
printf '[Journal]\\nStorage=persistent\\n' > etc/systemd/journald.conf.d/50-disk.conf
chmod 755 usr/bin/ping; setcap cap_net_raw=ep usr/bin/ping
`;

const cli = (...args: string[]) =>
  piImage(['--state', imageState, '--config', path.join(dir, 'cluster.yaml'), ...args], 20 * 60_000);

beforeAll(async () => {
  await buildImage();
  // Not in /tmp, which may be in memory.
  dir = await mkdtemp('/var/tmp/diskless-check-');
  undo.unshift(removeAll);
  const root = path.join(dir, 'root');
  const versions = path.join(imageState, 'exports/images/debian-lite');
  const names = (await readdir(versions)).filter((name) => /^\d/.test(name));
  const newest = names.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1) ?? '';
  await run(['cp', '-a', '--reflink=auto', path.join(versions, newest, 'root'), root], { signal });
  await run(['sh', '-euc', addFaults, 'sh', root, cardFstab], { signal });
  await mkdir(path.join(dir, 'images', image), { recursive: true });
  const spec = { base: { root }, boards: ['pi4'] };
  await writeFile(path.join(dir, 'images', image, 'image.yaml'), renderYaml(spec));
  const { code, stderr } = await cli('build', image);
  if (code !== 0) throw new Error(stderr);
  rack = await raiseRootModeRack(imageState, { disk: { image, root: 'shared' } });
  undo.unshift(() => rack.down());
});

afterAll(async () => {
  for (const step of undo) await step();
});

async function removeAll(): Promise<void> {
  await rm(dir, { recursive: true });
  await rm(path.join(imageState, 'exports/images', image), { recursive: true, force: true });
  for (const file of [`ids/${image}.json`, `builds/${image}.json`, `builds/${image}.log`, `locks/${image}.json`]) {
    await rm(path.join(imageState, file), { force: true });
  }
}

test('the doctor finds nothing broken', async () => {
  const { code, stdout } = await cli('image', 'doctor', image, '-o', 'name');
  expect([code, stdout]).toEqual([0, '']);
});

test('the board is ready, nothing failed, and programs have their capabilities', async () => {
  await rack.boot('disk');
  const boot = await rack.ready('disk');
  expect(boot.closed?.reason).toBe('ready');
  const failed = 'systemctl --failed --no-legend --plain; ls /run/ran 2>/dev/null; swapon --show';
  expect(await rack.on('disk', failed)).toBe('');
  expect(await rack.on('disk', 'getcap /usr/bin/ping')).toBe('/usr/bin/ping cap_net_raw=ep');
  expect(await rack.on('disk', 'ls /var/log/journal; ls -d /run/log/journal/*/')).toMatch(
    /^\/run\/log\/journal\/[0-9a-f]{32}\/$/,
  );
  const masked = 'systemctl is-enabled userconfig networking resize2fs_once';
  expect(await rack.on('disk', masked)).toBe('masked\nmasked\nmasked');
});
