/** Rules for what an image of a card does at its first boot, or needs its card for. */
import type { SealRule } from './seal-rule.ts';

export const bootRules: readonly SealRule[] = [
  {
    id: 'boot-files',
    fault: 'minor',
    actions: [
      {
        kind: 'remove',
        globs: [
          'boot/vmlinuz-*',
          'boot/initrd.img-*',
          'boot/System.map-*',
          'boot/firmware',
          'vmlinuz',
          'vmlinuz.old',
          'initrd.img',
          'initrd.img.old',
        ],
      },
    ],
    why: 'nodes load kernel and firmware over TFTP; a second copy in the root is 100 MB that nobody reads. Of cmdline.txt nothing is taken: no "resize", no "init=", no PARTUUID',
    undo: 'They lie in the root as well then, and nothing boots from there.',
    from: 'linux-image, raspi-firmware, FAT of a card',
  },
  {
    id: 'default-target',
    fault: 'minor',
    when: ['usr/lib/systemd/system/multi-user.target'],
    actions: [
      {
        kind: 'link',
        path: 'etc/systemd/system/default.target',
        target: '/usr/lib/systemd/system/multi-user.target',
      },
    ],
    why: 'a node has no screen',
    undo: "The base's own target is booted: graphical.target in images with a desktop.",
    from: 'systemd, pi-gen stage3',
  },
  {
    id: 'fstab',
    fault: 'boot',
    actions: [
      {
        kind: 'comment',
        globs: ['etc/fstab'],
        lines: String.raw`^\s*(?:(?:PART)?(?:UUID|LABEL)=|/dev/|[^#\s]\S*\s+/(?:boot(?:/\S*)?)?\s|[^#\s]\S*\s+\S+\s+swap\s)`,
      },
    ],
    why: 'systemd would wait 90 s for partitions that no node has, and then stop in the emergency shell. Lines with tmpfs and network file systems stay',
    undo: 'For disks of the nodes themselves write mounts with "nofail" into an overlay\'s etc/fstab.',
    from: 'pi-gen stage1',
  },
  {
    id: 'crypttab',
    fault: 'slow',
    actions: [{ kind: 'comment', globs: ['etc/crypttab'], lines: String.raw`^\s*[^#\s]` }],
    why: 'a boot would wait 90 s for each of these disks',
    undo: 'Nodes need these disks then, or "nofail" on each line.',
    from: 'cryptsetup',
  },
  {
    id: 'capabilities',
    fault: 'minor',
    actions: [{ kind: 'capabilities' }],
    why: 'NFS carries no capabilities, so programs of a shared root lose theirs: a unit gives them back at boot with setcap',
    undo: 'With "root: squash" or "ram" they are there anyway. On a persistent root they cannot be had: make the program setuid, or do without.',
    from: 'iputils-ping, mtr, wireshark and others',
  },
  {
    id: 'userconfig',
    fault: 'boot',
    actions: [
      { kind: 'mask', units: ['userconfig.service'] },
      { kind: 'remove', globs: ['etc/xdg/autostart/piwiz.desktop', 'etc/ssh/sshd_config.d/rename_user.conf'] },
    ],
    why: 'it asks for the name of the first user on a screen, and the boot does not end before somebody answers',
    undo: 'Users come by "users:" of a layer or from a directory; with the wizard every boot asks again.',
    from: 'userconf-pi, piwiz',
  },
  {
    id: 'regenerate-host-keys',
    fault: 'identity',
    actions: [{ kind: 'mask', units: ['regenerate_ssh_host_keys.service', 'sshd-keygen.service'] }],
    why: 'host keys come by overlay, with certificates; new ones at each boot would make every ssh complain',
    undo: 'Keep it where no overlay has host keys: each boot makes new ones.',
    from: 'raspberrypi-sys-mods, openssh-server',
  },
  {
    id: 'sshswitch',
    fault: 'minor',
    actions: [{ kind: 'mask', units: ['sshswitch.service'] }],
    why: 'it looks for a file "ssh" on the card; the overlay ssh enables the service',
    undo: 'Nothing changes: there is no card.',
    from: 'raspberrypi-sys-mods',
  },
  {
    id: 'raspi-config',
    fault: 'minor',
    actions: [
      {
        kind: 'mask',
        units: ['raspi-config.service', 'apply_noobs_os_config.service', 'raspberrypi-net-mods.service'],
      },
    ],
    why: 'they bring settings from the card over, and set the governor of the CPU, which the kernel sets as well',
    undo: 'The first sets the governor "ondemand" at boot.',
    from: 'raspi-config, raspberrypi-sys-mods, raspberrypi-net-mods',
  },
  {
    id: 'systemd-firstboot',
    fault: 'slow',
    actions: [{ kind: 'mask', units: ['systemd-firstboot.service'] }],
    why: 'it asks for locale, time zone and root password on the console',
    undo: 'Every boot is a first one for it.',
    from: 'systemd',
  },
  {
    id: 'cloud-init',
    fault: 'boot',
    when: [
      'etc/cloud/cloud.cfg',
      'usr/lib/systemd/system/cloud-init*.service',
      'usr/lib/systemd/system/cloud-config.service',
    ],
    actions: [
      {
        kind: 'mask',
        units: [
          'cloud-init-local.service',
          'cloud-init-main.service',
          'cloud-init-network.service',
          'cloud-init.service',
          'cloud-config.service',
          'cloud-final.service',
          'cloud-init-hotplugd.socket',
        ],
      },
      {
        kind: 'write',
        path: 'etc/cloud/cloud-init.disabled',
        content: 'Nodes get what is theirs by overlay.\n',
        mode: 0o644,
      },
      {
        kind: 'remove',
        globs: [
          'var/lib/cloud/data',
          'var/lib/cloud/instance',
          'var/lib/cloud/instances',
          'var/lib/cloud/sem',
          'etc/netplan/50-cloud-init.yaml',
          'etc/network/interfaces.d/50-cloud-init',
        ],
      },
    ],
    why: 'it sets up the network, the name, users and host keys anew at each boot, and waits for a source of them',
    undo: "It finds no seed on a card; give one in a layer's files, and keep its hands off the root's interface.",
    from: 'pi-gen stage2, images for clouds',
  },
  {
    id: 'resize',
    fault: 'minor',
    actions: [
      {
        kind: 'mask',
        units: [
          'rpi-resize.service',
          'resize2fs_once.service',
          'systemd-growfs-root.service',
          'systemd-growfs@.service',
          'systemd-repart.service',
        ],
      },
    ],
    why: "there is no partition to grow; systemd-repart could change a disk that is the node's own",
    undo: 'They fail at each boot: the root lies on no partition.',
    from: 'pi-gen stage2, systemd',
  },
];
