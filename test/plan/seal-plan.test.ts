import { describe, expect, test } from 'vitest';

import { keepableRules, type DisklessRuleId } from '../../src/model/diskless.ts';
import type { SealContext } from '../../src/plan/seal-action.ts';
import { isNeeded, planRule } from '../../src/plan/seal-plan.ts';
import { sealRules } from '../../src/plan/seal.ts';
import { changed, memoryTree, type MadeUpTree } from '../support/memory-tree.ts';
import { cardFstab, faultyTrees, netRaw, officialRoot } from '../support/official-root.ts';

const plain: SealContext = { sources: '', enabled: [] };
const capabilities = { 'usr/bin/ping': netRaw };

function ruleOf(id: DisklessRuleId) {
  const rule = sealRules.find((each) => each.id === id);
  if (rule === undefined) throw new Error(id);
  return rule;
}

function apply(id: DisklessRuleId, files: MadeUpTree, context = plain): MadeUpTree {
  const owned = id === 'capabilities' ? capabilities : {};
  return changed(files, planRule(ruleOf(id), memoryTree(files, owned), context).changes);
}

/** What a rule has to make of its fault: a text or link in its place, or `gone`. */
const masked = { link: '/dev/null' };
const mask = (...units: readonly string[]) =>
  Object.fromEntries(units.map((unit) => [`etc/systemd/system/${unit}`, masked]));

const outcomes: Record<(typeof keepableRules)[number], Readonly<Record<string, unknown>>> = {
  'boot-files': { 'boot/firmware/kernel8.img': undefined, 'boot/vmlinuz-6.12': undefined, vmlinuz: undefined },
  'default-target': { 'etc/systemd/system/default.target': { link: '/usr/lib/systemd/system/multi-user.target' } },
  fstab: { 'etc/fstab': cardFstab.replaceAll('PARTUUID', '# pi-image: PARTUUID') },
  crypttab: { 'etc/crypttab': '# <target> <source>\n# pi-image: data UUID=1 none luks\n' },
  capabilities: {
    'etc/systemd/system/pi-image-capabilities.service': expect.stringContaining('"cap_net_raw=ep" "/usr/bin/ping"'),
    'etc/systemd/system/multi-user.target.wants/pi-image-capabilities.service': {
      link: '/etc/systemd/system/pi-image-capabilities.service',
    },
  },
  userconfig: { ...mask('userconfig.service'), 'etc/ssh/sshd_config.d/rename_user.conf': undefined },
  'regenerate-host-keys': mask('regenerate_ssh_host_keys.service', 'sshd-keygen.service'),
  sshswitch: mask('sshswitch.service'),
  'raspi-config': mask('raspi-config.service'),
  'systemd-firstboot': mask('systemd-firstboot.service'),
  'cloud-init': {
    ...mask('cloud-init-local.service', 'cloud-init-main.service', 'cloud-config.service', 'cloud-final.service'),
    'etc/cloud/cloud-init.disabled': expect.any(String),
    'etc/netplan/50-cloud-init.yaml': undefined,
    'var/lib/cloud/instances/x/user-data.txt': undefined,
  },
  resize: mask('rpi-resize.service', 'systemd-growfs-root.service', 'resize2fs_once.service'),
  'dphys-swapfile': { ...mask('dphys-swapfile.service'), 'var/swap': undefined },
  'rpi-swap': {
    'etc/systemd/system-generators/rpi-swap-generator': masked,
    ...mask('rpi-zram-writeback.timer'),
  },
  zram: { 'etc/systemd/system-generators/zram-generator': masked, ...mask('systemd-zram-setup@.service') },
  journal: {
    'etc/systemd/journald.conf': '[Journal]\n#Storage=auto\n# pi-image: Storage = persistent\n',
    'etc/systemd/journald.conf.d/pi-image.conf': expect.stringContaining('Storage=volatile\n'),
  },
  'core-dumps': {
    'etc/systemd/coredump.conf': '[Coredump]\n# pi-image: Storage=external\n',
    'etc/systemd/coredump.conf.d/pi-image.conf': expect.stringContaining('Storage=none\n'),
  },
  logrotate: { 'etc/logrotate.conf': expect.stringMatching(/^# .*\nmaxsize 8M\n\nweekly\nrotate 4\n/) },
  utmp: mask('systemd-update-utmp.service'),
  'random-seed-service': mask('systemd-random-seed.service'),
  pstore: mask('systemd-pstore.service'),
  rfkill: mask('systemd-rfkill.service', 'systemd-rfkill.socket'),
  'fake-hwclock': { ...mask('fake-hwclock-load.service'), 'etc/fake-hwclock.data': undefined },
  'boot-loader': mask('systemd-boot-update.service'),
  'rpi-eeprom': mask('rpi-eeprom-update.service'),
  'firmware-updates': mask('fwupd-refresh.timer'),
  'apt-timers': mask('apt-daily.timer', 'apt-daily-upgrade.timer', 'apt-listchanges.timer'),
  'dpkg-backup': mask('dpkg-db-backup.timer', 'dpkg-db-backup.service'),
  'man-db': mask('man-db.timer'),
  fstrim: mask('fstrim.timer'),
  e2scrub: mask('e2scrub_all.timer', 'e2scrub_reap.service'),
  'file-index': { ...mask('plocate-updatedb.timer'), 'etc/cron.daily/plocate': undefined },
  'network-manager': {
    'etc/NetworkManager/conf.d/pi-image-wired.conf': expect.stringContaining('unmanaged-devices+=type:ethernet\n'),
  },
  networkd: {
    'etc/systemd/network/10-wired.network.d/pi-image.conf': expect.stringContaining('KeepConfiguration=yes\n'),
  },
  netplan: { 'etc/systemd/system-generators/netplan': masked },
  dhcpcd: mask('dhcpcd.service'),
  ifupdown: mask('networking.service', 'ifup@.service'),
  connman: mask('connman.service'),
  'wait-online': mask('NetworkManager-wait-online.service', 'systemd-networkd-wait-online.service'),
  nfs3: mask('nfs-blkmap.service', 'rpcbind.service', 'rpcbind.socket'),
  radio: mask('wpa_supplicant.service', 'bluetooth.service', 'hciuart.service'),
  modems: mask('ModemManager.service'),
  avahi: mask('avahi-daemon.service', 'avahi-daemon.socket'),
  'usb-gadget': mask('rpi-usb-gadget.service'),
  'rpi-connect': { 'etc/systemd/user/rpi-connect.service': masked },
  console: mask('keyboard-setup.service', 'console-setup.service', 'triggerhappy.service'),
  'removable-disks': mask('udisks2.service'),
  'disk-daemons': mask('lvm2-monitor.service', 'smartmontools.service'),
};

describe.each(keepableRules)('%s', (id) => {
  const files = faultyTrees[id];

  test('mends its fault', () => {
    const after = apply(id, files);
    for (const [path, expected] of Object.entries(outcomes[id]))
      expect({ path, is: after[path] }).toEqual({ path, is: expected });
    const untouched = Object.keys(files).filter((path) => !(path in outcomes[id]));
    expect(untouched.map((path) => after[path])).toEqual(untouched.map((path) => files[path]));
  });

  test('has nothing left to do then', () => {
    expect(apply(id, apply(id, files))).toEqual(apply(id, files));
    expect(planRule(ruleOf(id), memoryTree(apply(id, files), capabilities), plain).changes).toEqual([]);
  });

  test('does nothing to a tree that has not what it looks for', () => {
    expect(apply(id, { 'etc/passwd': 'root:x:0:0::/root:/bin/sh\n' })).toEqual({
      'etc/passwd': 'root:x:0:0::/root:/bin/sh\n',
    });
    expect(isNeeded(ruleOf(id), memoryTree({ 'etc/passwd': '' }))).toBe(false);
  });
});

describe('etc/fstab', () => {
  const after = (line: string) => apply('fstab', { 'etc/fstab': `${line}\n` })['etc/fstab'];

  test.each([
    ['PARTUUID=a1b2c3d4-02 / ext4 defaults 0 1'],
    ['UUID=1-2 /data ext4 defaults 0 2'],
    ['LABEL=swap none swap sw 0 0'],
    ['PARTLABEL=x /data xfs defaults 0 0'],
    ['/dev/mmcblk0p2 / ext4 defaults 0 1'],
    ['  /dev/nvme0n1p1\t/scratch\text4\tdefaults\t0\t2'],
    ['/var/swap none swap sw 0 0'],
    ['tmpfs /boot/firmware tmpfs defaults 0 0'],
    ['overlay / overlay rw 0 0'],
  ])('%s goes', (line) => {
    expect(after(line)).toBe(`# pi-image: ${line}\n`);
  });

  test.each([
    ['# /dev/sda1 / ext4 defaults 0 1'],
    ['tmpfs /tmp tmpfs size=64M 0 0'],
    ['tmpfs /dev/shm tmpfs defaults 0 0'],
    ['proc /proc proc defaults 0 0'],
    ['10.42.0.1:/home /home nfs4 vers=4.1,_netdev 0 0'],
    ['//server/share /mnt cifs guest,_netdev 0 0'],
    [''],
  ])('%s stays', (line) => {
    expect(after(line)).toBe(`${line}\n`);
  });
});

test('a unit that image.yaml enables is not masked, and it says so', () => {
  const files = faultyTrees.radio;
  const plan = planRule(ruleOf('radio'), memoryTree(files), { sources: '', enabled: ['bluetooth.service'] });
  expect(plan.enabled).toEqual(['bluetooth.service']);
  expect(plan.changes.map(({ path }) => path)).toEqual([
    'etc/systemd/system/wpa_supplicant.service',
    'etc/systemd/system/hciuart.service',
  ]);
});

test('files for networkd that leave the interface alone need no drop-in', () => {
  const files = { 'etc/systemd/network/05-pi-image.network': '[Match]\nType=ether\n\n[Link]\nUnmanaged=yes\n' };
  expect(apply('networkd', files)).toEqual(files);
});

test('without setcap, capabilities are named and what is missing', () => {
  const plan = planRule(ruleOf('capabilities'), memoryTree({ 'usr/bin/ping': 'ping' }, capabilities), plain);
  expect(plan.changes).toEqual([]);
  expect(plan.blocked).toEqual({
    cause: 'on a shared root these have no capabilities: /usr/bin/ping',
    hint: 'Add libcap2-bin to the packages of a layer.',
  });
});

describe('the archives of apt', () => {
  const files = { 'etc/apt/sources.list': 'deb …\n', 'etc/apt/sources.list.d/own.sources': 'Types: deb\n' };

  test('of another base stay as they are', () => {
    expect(apply('apt-sources', files)).toEqual(files);
  });

  test('of a base of packages are those of the lock', () => {
    const after = apply('apt-sources', files, { sources: 'Types: deb\nURIs: x\n', enabled: [] });
    expect(after).toEqual({
      'etc/apt/sources.list.d/own.sources': 'Types: deb\n',
      'etc/apt/sources.list.d/debian.sources': 'Types: deb\nURIs: x\n',
    });
  });
});

test('all rules together leave of an official root what a node needs', () => {
  let files = officialRoot;
  for (const rule of sealRules) files = changed(files, planRule(rule, memoryTree(files, capabilities), plain).changes);

  for (const rule of sealRules) {
    expect({ id: rule.id, left: planRule(rule, memoryTree(files, capabilities), plain).changes }).toEqual({
      id: rule.id,
      left: [],
    });
  }
  expect(files['etc/apt/sources.list']).toBe(officialRoot['etc/apt/sources.list']);
  expect(files['etc/machine-id']).toEqual({ text: '', mode: 0o444 });
  expect(files['etc/hostname']).toBeUndefined();
  const masks = Object.entries(files).filter(
    ([, file]) => typeof file !== 'string' && 'link' in file && file.link === '/dev/null',
  );
  expect(
    masks.map(([path]) => path).filter((path) => /ssh\.service|timesyncd|logrotate|NetworkManager\.service/.test(path)),
  ).toEqual([]);
  expect(Object.keys(files).toSorted()).toMatchSnapshot();
});
