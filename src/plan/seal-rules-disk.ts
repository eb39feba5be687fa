/** Rules for what wants a disk, or would use up memory and the storage node in its place: swap, logs, timers, firmware. */
import type { SealRule } from './seal-rule.ts';

const swapRules: readonly SealRule[] = [
  {
    id: 'dphys-swapfile',
    fault: 'wear',
    actions: [
      { kind: 'mask', units: ['dphys-swapfile.service'] },
      { kind: 'remove', globs: ['var/swap', 'var/swapfile', 'swapfile'] },
    ],
    why: 'its file would lie in the memory that it is meant to relieve, up to 2 GB of it',
    undo: 'Point CONF_SWAPFILE at a disk of the node.',
    from: 'dphys-swapfile, Raspberry Pi OS until bookworm',
  },
  {
    id: 'rpi-swap',
    fault: 'wear',
    actions: [
      { kind: 'mask-generator', names: ['rpi-swap-generator'] },
      { kind: 'mask', units: ['rpi-swap.service', 'rpi-zram-writeback.service', 'rpi-zram-writeback.timer'] },
    ],
    why: 'it makes a swap file in the root at each boot, which is memory',
    undo: 'Keep "zram" too, and set "Mechanism=zram" in the [Main] part of its configuration: compressed memory alone, no file.',
    from: 'pi-gen stage2 (rpi-swap), since trixie',
  },
  {
    id: 'zram',
    fault: 'minor',
    actions: [
      { kind: 'mask-generator', names: ['zram-generator'] },
      {
        kind: 'mask',
        units: ['systemd-zram-setup@.service', 'zramswap.service', 'zram-config.service', 'zram-swap.service'],
      },
    ],
    why: 'compressed swap takes memory from jobs that count on what Slurm knows of',
    undo: 'Good for boards with 1 GB: set a size in etc/systemd/zram-generator.conf of a layer.',
    from: 'systemd-zram-generator, zram-tools',
  },
];

const logRules: readonly SealRule[] = [
  {
    id: 'journal',
    fault: 'wear',
    when: ['usr/lib/systemd/systemd-journald', 'etc/systemd/journald.conf'],
    actions: [
      {
        kind: 'comment',
        globs: ['etc/systemd/journald.conf', 'etc/systemd/journald.conf.d/*.conf'],
        lines: String.raw`^\s*Storage\s*=\s*(?!volatile|none)`,
      },
      {
        kind: 'write',
        path: 'etc/systemd/journald.conf.d/pi-image.conf',
        content:
          "# The node's files live in its memory: the journal must not fill it.\n[Journal]\nStorage=volatile\nRuntimeMaxUse=32M\n",
        mode: 0o644,
      },
    ],
    why: 'a journal in /var/log would grow to a tenth of the memory, or be written over NFS',
    undo: 'Mount a share or a disk of the node at /var/log/journal.',
    from: 'systemd',
  },
  {
    id: 'core-dumps',
    fault: 'wear',
    when: ['usr/lib/systemd/systemd-coredump'],
    actions: [
      {
        kind: 'comment',
        globs: ['etc/systemd/coredump.conf', 'etc/systemd/coredump.conf.d/*.conf'],
        lines: String.raw`^\s*Storage\s*=\s*(?!none)`,
      },
      {
        kind: 'write',
        path: 'etc/systemd/coredump.conf.d/pi-image.conf',
        content: '# A dump would lie in the memory of the node.\n[Coredump]\nStorage=none\n',
        mode: 0o644,
      },
    ],
    why: 'a program that crashes would leave a copy of its memory in memory',
    undo: 'Mount a share or a disk of the node at /var/lib/systemd/coredump.',
    from: 'systemd-coredump',
  },
  {
    id: 'logrotate',
    fault: 'wear',
    actions: [
      {
        kind: 'prepend',
        path: 'etc/logrotate.conf',
        content: '# Logs lie in the memory of the node: a week is too long to wait.\nmaxsize 8M\n\n',
      },
    ],
    why: 'log files lie in memory, and would grow for a week before they are rotated. The timer stays: it is what bounds them',
    undo: 'Mount a share or a disk of the node at /var/log, or send logs elsewhere.',
    from: 'logrotate',
  },
  {
    id: 'utmp',
    fault: 'minor',
    actions: [{ kind: 'mask', units: ['systemd-update-utmp.service', 'systemd-update-utmp-runlevel.service'] }],
    why: 'it notes boots in /var/log/wtmp, which is gone at the next one',
    undo: 'On a persistent root "last reboot" then knows the boots.',
    from: 'systemd',
  },
];

const savedRules: readonly SealRule[] = [
  {
    id: 'random-seed-service',
    fault: 'minor',
    actions: [{ kind: 'mask', units: ['systemd-random-seed.service'] }],
    why: 'what it saves would be gone at the next boot',
    undo: 'Of use on a persistent root only.',
    from: 'systemd',
  },
  {
    id: 'pstore',
    fault: 'minor',
    actions: [{ kind: 'mask', units: ['systemd-pstore.service'] }],
    why: "it moves the kernel's last words from where they are safe into memory",
    undo: 'Mount a share or a disk of the node at /var/lib/systemd/pstore.',
    from: 'systemd',
  },
  {
    id: 'rfkill',
    fault: 'minor',
    actions: [{ kind: 'mask', units: ['systemd-rfkill.service', 'systemd-rfkill.socket'] }],
    why: 'what it saves of radios would be gone at the next boot',
    undo: 'Of use on a persistent root only.',
    from: 'systemd',
  },
  {
    id: 'fake-hwclock',
    fault: 'minor',
    actions: [
      { kind: 'mask', units: ['fake-hwclock.service', 'fake-hwclock-load.service', 'fake-hwclock-save.service'] },
      { kind: 'remove', globs: ['etc/fake-hwclock.data', 'etc/cron.hourly/fake-hwclock'] },
    ],
    why: 'the initramfs sets the clock and systemd-timesyncd keeps it; nothing can be saved for the next boot',
    undo: 'It never sets the clock back, so it does no harm.',
    from: 'fake-hwclock, Raspberry Pi OS',
  },
];

const firmwareRules: readonly SealRule[] = [
  {
    id: 'boot-loader',
    fault: 'minor',
    actions: [
      {
        kind: 'mask',
        units: [
          'systemd-boot-update.service',
          'systemd-bless-boot.service',
          'systemd-boot-random-seed.service',
          'grub-common.service',
        ],
      },
    ],
    why: 'they look after a boot loader on a disk',
    undo: 'They find none, and fail or do nothing.',
    from: 'systemd-boot, grub',
  },
  {
    id: 'rpi-eeprom',
    fault: 'wear',
    actions: [{ kind: 'mask', units: ['rpi-eeprom-update.service'] }],
    why: 'boot loaders are updated from the storage node ("pi-image node eeprom"), canary first, not by each node for itself',
    undo: 'Every boot may then write the flash of its board.',
    from: 'rpi-eeprom',
  },
  {
    id: 'firmware-updates',
    fault: 'minor',
    actions: [{ kind: 'mask', units: ['fwupd-refresh.timer', 'fwupd-refresh.service'] }],
    why: 'every node would fetch a list of firmware each day',
    undo: 'It needs the internet.',
    from: 'fwupd',
  },
];

const timerRules: readonly SealRule[] = [
  {
    id: 'apt-timers',
    fault: 'wear',
    actions: [
      {
        kind: 'mask',
        units: [
          'apt-daily.timer',
          'apt-daily.service',
          'apt-daily-upgrade.timer',
          'apt-daily-upgrade.service',
          'apt-listchanges.timer',
          'unattended-upgrades.service',
        ],
      },
    ],
    why: 'an image is renewed by a build; a node that upgraded itself would hold the packages in memory, and lose them at the next boot',
    undo: 'Of use on a persistent root: it then upgrades itself.',
    from: 'apt, apt-listchanges, unattended-upgrades',
  },
  {
    id: 'dpkg-backup',
    fault: 'minor',
    actions: [{ kind: 'mask', units: ['dpkg-db-backup.timer', 'dpkg-db-backup.service'] }],
    why: 'it copies the list of packages into memory each night',
    undo: 'Of use on a persistent root only.',
    from: 'dpkg',
  },
  {
    id: 'man-db',
    fault: 'wear',
    actions: [{ kind: 'mask', units: ['man-db.timer'] }],
    why: 'it reads all manual pages each night, over NFS and on all nodes at once',
    undo: '"man -k" finds what was installed after the build.',
    from: 'man-db',
  },
  {
    id: 'fstrim',
    fault: 'minor',
    actions: [{ kind: 'mask', units: ['fstrim.timer'] }],
    why: 'there is no file system to trim',
    undo: 'Of use where nodes have an SSD of their own.',
    from: 'util-linux',
  },
  {
    id: 'e2scrub',
    fault: 'minor',
    actions: [{ kind: 'mask', units: ['e2scrub_all.timer', 'e2scrub_reap.service'] }],
    why: 'there is no ext4 on LVM to check',
    undo: 'Of use where nodes have such a disk of their own.',
    from: 'e2fsprogs',
  },
  {
    id: 'file-index',
    fault: 'wear',
    actions: [
      { kind: 'mask', units: ['plocate-updatedb.timer', 'mlocate.timer', 'updatedb.timer'] },
      { kind: 'remove', globs: ['etc/cron.daily/plocate', 'etc/cron.daily/mlocate', 'etc/cron.daily/locate'] },
    ],
    why: 'it walks the whole root each night, over NFS and on all nodes at once',
    undo: 'Exclude / and the shares in etc/updatedb.conf of a layer.',
    from: 'plocate, mlocate',
  },
  {
    id: 'disk-daemons',
    fault: 'minor',
    actions: [
      {
        kind: 'mask',
        units: [
          'lvm2-monitor.service',
          'lvm2-lvmpolld.socket',
          'blk-availability.service',
          'mdmonitor.service',
          'mdmonitor-oneshot.timer',
          'mdcheck_start.timer',
          'mdcheck_continue.timer',
          'smartmontools.service',
          'smartd.service',
          'multipathd.service',
          'multipathd.socket',
        ],
      },
    ],
    why: 'they watch over disks, and fail where there are none',
    undo: 'Of use where nodes have disks of their own.',
    from: 'lvm2, mdadm, smartmontools, multipath-tools',
  },
];

export const diskRules: readonly SealRule[] = [
  ...swapRules,
  ...logRules,
  ...savedRules,
  ...firmwareRules,
  ...timerRules,
];
