/**
 * What of the root of Raspberry Pi OS Lite (trixie, 64-bit) the rules of the seal look for, in the places where pi-gen and its
 * packages put it; and with it what images of before had, and images for clouds have. Texts are our own.
 */
import type { KeepableRule } from '../../src/model/diskless.ts';
import type { MadeUpTree } from './memory-tree.ts';

const unit = '[Unit]\n';
const system = (name: string) => `usr/lib/systemd/system/${name}`;
const generator = (name: string) => `usr/lib/systemd/system-generators/${name}`;
const units = (...names: readonly string[]): MadeUpTree =>
  Object.fromEntries(names.map((name) => [system(name), unit]));

/** cap_net_raw, permitted and effective. */
export const netRaw = '0100000200200000000000000000000000000000';
export const cardFstab =
  'proc  /proc  proc  defaults  0  0\nPARTUUID=a1b2c3d4-01  /boot/firmware  vfat  defaults  0  2\nPARTUUID=a1b2c3d4-02  /  ext4  defaults,noatime  0  1\n';

/** For each rule that can be kept: a tree with nothing but its fault. */
export const faultyTrees: Readonly<Record<KeepableRule, MadeUpTree>> = {
  'boot-files': {
    'boot/firmware/kernel8.img': 'kernel',
    'boot/vmlinuz-6.12': 'kernel',
    vmlinuz: { link: 'boot/vmlinuz-6.12' },
  },
  'default-target': {
    ...units('multi-user.target', 'graphical.target'),
    'etc/systemd/system/default.target': { link: '/usr/lib/systemd/system/graphical.target' },
  },
  fstab: { 'etc/fstab': cardFstab },
  crypttab: { 'etc/crypttab': '# <target> <source>\ndata UUID=1 none luks\n' },
  capabilities: { 'usr/bin/ping': 'ping', 'usr/sbin/setcap': 'setcap' },
  userconfig: { ...units('userconfig.service'), 'etc/ssh/sshd_config.d/rename_user.conf': 'Banner x\n' },
  'regenerate-host-keys': units('regenerate_ssh_host_keys.service', 'sshd-keygen.service'),
  sshswitch: units('sshswitch.service'),
  'raspi-config': { 'etc/init.d/raspi-config': '#!/bin/sh\n' },
  'systemd-firstboot': units('systemd-firstboot.service'),
  'cloud-init': {
    ...units('cloud-init-local.service', 'cloud-init-main.service', 'cloud-config.service', 'cloud-final.service'),
    'etc/cloud/cloud.cfg': 'users: []\n',
    'etc/netplan/50-cloud-init.yaml': 'network: {}\n',
    'var/lib/cloud/instances/x/user-data.txt': '#cloud-config\n',
  },
  resize: { ...units('rpi-resize.service', 'systemd-growfs-root.service'), 'etc/init.d/resize2fs_once': '#!/bin/sh\n' },
  'dphys-swapfile': { ...units('dphys-swapfile.service'), 'var/swap': 'swap' },
  'rpi-swap': { [generator('rpi-swap-generator')]: 'program', ...units('rpi-zram-writeback.timer') },
  zram: { [generator('zram-generator')]: 'program', ...units('systemd-zram-setup@.service') },
  journal: {
    'usr/lib/systemd/systemd-journald': 'program',
    'etc/systemd/journald.conf': '[Journal]\n#Storage=auto\nStorage = persistent\n',
  },
  'core-dumps': {
    'usr/lib/systemd/systemd-coredump': 'program',
    'etc/systemd/coredump.conf': '[Coredump]\nStorage=external\n',
  },
  logrotate: { 'etc/logrotate.conf': 'weekly\nrotate 4\ninclude /etc/logrotate.d\n' },
  utmp: units('systemd-update-utmp.service'),
  'random-seed-service': units('systemd-random-seed.service'),
  pstore: units('systemd-pstore.service'),
  rfkill: units('systemd-rfkill.service', 'systemd-rfkill.socket'),
  'fake-hwclock': { ...units('fake-hwclock-load.service'), 'etc/fake-hwclock.data': '2026-01-01 00:00:00\n' },
  'boot-loader': units('systemd-boot-update.service'),
  'rpi-eeprom': units('rpi-eeprom-update.service'),
  'firmware-updates': units('fwupd-refresh.timer'),
  'apt-timers': units('apt-daily.timer', 'apt-daily-upgrade.timer', 'apt-listchanges.timer'),
  'dpkg-backup': units('dpkg-db-backup.timer', 'dpkg-db-backup.service'),
  'man-db': units('man-db.timer'),
  fstrim: units('fstrim.timer'),
  e2scrub: units('e2scrub_all.timer', 'e2scrub_reap.service'),
  'file-index': { ...units('plocate-updatedb.timer'), 'etc/cron.daily/plocate': '#!/bin/sh\n' },
  'network-manager': units('NetworkManager.service'),
  networkd: { 'etc/systemd/network/10-wired.network': '[Match]\nName=e*\n[Network]\nDHCP=yes\n' },
  netplan: { [generator('netplan')]: 'program' },
  dhcpcd: units('dhcpcd.service'),
  ifupdown: units('networking.service', 'ifup@.service'),
  connman: units('connman.service'),
  'wait-online': units('NetworkManager-wait-online.service', 'systemd-networkd-wait-online.service'),
  nfs3: units('nfs-blkmap.service', 'rpcbind.service', 'rpcbind.socket'),
  radio: units('wpa_supplicant.service', 'bluetooth.service', 'hciuart.service'),
  modems: units('ModemManager.service'),
  avahi: units('avahi-daemon.service', 'avahi-daemon.socket'),
  'usb-gadget': units('rpi-usb-gadget.service'),
  'rpi-connect': { 'usr/lib/systemd/user/rpi-connect.service': unit },
  console: units('keyboard-setup.service', 'console-setup.service', 'triggerhappy.service'),
  'removable-disks': units('udisks2.service'),
  'disk-daemons': units('lvm2-monitor.service', 'smartmontools.service'),
};

/** All faults in one tree. */
export const officialRoot: MadeUpTree = Object.assign(
  {
    'etc/os-release': 'ID=debian\nVERSION_CODENAME=trixie\n',
    'etc/machine-id': 'uninitialized\n',
    'etc/hostname': 'raspberrypi\n',
    'etc/apt/sources.list': 'deb http://archive.example.org/ trixie main\n',
    'etc/apt/sources.list.d/raspi.sources': 'Types: deb\n',
    'etc/passwd-': 'old\n',
    'var/log/dpkg.log': 'installed\n',
    'var/lib/dbus/machine-id': { link: '/etc/machine-id' },
    [system('ssh.service')]: unit,
    [system('systemd-timesyncd.service')]: unit,
    [system('logrotate.timer')]: unit,
  },
  ...Object.values(faultyTrees),
) as MadeUpTree;
