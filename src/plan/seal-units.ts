/** systemd units that make no sense on a node without a disk, each with the reason. Masked only where the image has them. */

export interface MaskRule {
  readonly why: string;
  readonly units: readonly string[];
}

export const maskRules: readonly MaskRule[] = [
  {
    why: 'there is no partition to grow: the root is shared and read-only',
    units: [
      'rpi-resize.service',
      'resize2fs_once.service',
      'systemd-growfs-root.service',
      'systemd-repart.service',
      'e2scrub_all.timer',
      'e2scrub_reap.service',
      'fstrim.timer',
    ],
  },
  {
    why: 'swap would lie in the memory that it is meant to relieve',
    units: ['dphys-swapfile.service', 'rpi-swap.service', 'systemd-zram-setup@.service'],
  },
  {
    why: 'users, keys and the host name come by overlay, not by a first boot',
    units: [
      'userconfig.service',
      'regenerate_ssh_host_keys.service',
      'sshd-keygen.service',
      'sshswitch.service',
      'raspi-config.service',
      'rpi-usb-gadget.service',
      'systemd-firstboot.service',
      'cloud-init-local.service',
      'cloud-init-main.service',
      'cloud-init-network.service',
      'cloud-init.service',
      'cloud-config.service',
      'cloud-final.service',
    ],
  },
  {
    why: 'the firmware is updated from the storage node, not by each node for itself',
    units: ['rpi-eeprom-update.service', 'fwupd-refresh.timer'],
  },
  {
    why: 'the clock is set by the initramfs and kept by systemd-timesyncd; nothing can be saved for the next boot',
    units: ['fake-hwclock.service', 'fake-hwclock-load.service', 'fake-hwclock-save.service'],
  },
  {
    why: 'what it saves would be gone at the next boot',
    units: ['systemd-random-seed.service', 'systemd-pstore.service', 'systemd-rfkill.service', 'systemd-rfkill.socket'],
  },
  {
    why: 'an image is renewed by a build; a node that changed itself would lose it at the next boot',
    units: [
      'apt-daily.timer',
      'apt-daily.service',
      'apt-daily-upgrade.timer',
      'apt-daily-upgrade.service',
      'apt-listchanges.timer',
      'unattended-upgrades.service',
      'dpkg-db-backup.timer',
      'man-db.timer',
      'systemd-boot-update.service',
    ],
  },
  {
    why: 'the network is up before systemd starts, and must stay as it is: the root comes over it',
    units: ['NetworkManager-wait-online.service', 'systemd-networkd-wait-online.service'],
  },
  {
    why: 'a rack node has neither radio, keyboard nor screen to wait for',
    units: [
      'wpa_supplicant.service',
      'bluetooth.service',
      'hciuart.service',
      'avahi-daemon.service',
      'avahi-daemon.socket',
      'triggerhappy.service',
      'triggerhappy.socket',
      'ModemManager.service',
      'rpi-connect.service',
      'udisks2.service',
      'keyboard-setup.service',
      'console-setup.service',
    ],
  },
  {
    why: 'NFS 4.1 needs neither the port mapper nor a block layout',
    units: ['nfs-blkmap.service', 'rpcbind.service', 'rpcbind.socket', 'rpc-statd.service', 'rpc-statd-notify.service'],
  },
];
