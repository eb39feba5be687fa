/** Rules for what would touch the network that the root comes over, and for devices that a node of a rack has not. */
import type { SealRule } from './seal-rule.ts';

const networkRules: readonly SealRule[] = [
  {
    id: 'network-manager',
    fault: 'boot',
    when: ['usr/lib/systemd/system/NetworkManager.service'],
    actions: [
      {
        kind: 'write',
        path: 'etc/NetworkManager/conf.d/pi-image-wired.conf',
        content:
          '# The root came over a wired interface: a new lease or a link taken down would freeze it.\n[keyfile]\nunmanaged-devices+=type:ethernet\n',
        mode: 0o644,
      },
    ],
    why: 'it would ask for an address anew and may take the link down, and with it the root',
    undo: 'The initramfs and the overlay base leave the one interface of the root alone; others are managed.',
    from: 'pi-gen stage2 (network-manager)',
  },
  {
    id: 'networkd',
    fault: 'boot',
    actions: [
      {
        kind: 'drop-in',
        globs: ['etc/systemd/network/*.network'],
        content:
          '# The root came over the network: its address stays, whatever becomes of link, lease and service.\n[Network]\nKeepConfiguration=yes\nIgnoreCarrierLoss=yes\n',
      },
    ],
    why: 'a file that matches the interface of the root would let its address go when the link blinks or the service stops',
    undo: 'Give each file a [Match] that the interface of the root does not fit.',
    from: 'systemd-networkd, images for clouds',
  },
  {
    id: 'netplan',
    fault: 'boot',
    actions: [{ kind: 'mask-generator', names: ['netplan'] }],
    why: "it writes files for networkd and NetworkManager at each boot that come before the initramfs's, which leave the root's interface alone",
    undo: 'Write no ethernets: into etc/netplan that match the interface of the root.',
    from: 'pi-gen stage2 (cloud-init), since trixie',
  },
  {
    id: 'dhcpcd',
    fault: 'boot',
    actions: [{ kind: 'mask', units: ['dhcpcd.service', 'dhcpcd5.service'] }],
    why: 'it takes over every interface, and takes its address away when it stops',
    undo: 'Write "denyinterfaces eth0" into etc/dhcpcd.conf.',
    from: 'Raspberry Pi OS until bullseye',
  },
  {
    id: 'ifupdown',
    fault: 'boot',
    actions: [{ kind: 'mask', units: ['networking.service', 'ifup@.service', 'ifupdown-pre.service'] }],
    why: 'it runs dhclient on the interface of the root, and gives its lease back when it stops: the root freezes at shutdown',
    undo: 'Name in etc/network/interfaces other interfaces than that of the root.',
    from: 'ifupdown, Debian images for the Raspberry Pi',
  },
  {
    id: 'connman',
    fault: 'boot',
    actions: [{ kind: 'mask', units: ['connman.service'] }],
    why: 'it takes over every interface, that of the root too',
    undo: 'Write "NetworkInterfaceBlacklist=eth" into etc/connman/main.conf.',
    from: 'connman',
  },
  {
    id: 'wait-online',
    fault: 'slow',
    actions: [
      {
        kind: 'mask',
        units: [
          'NetworkManager-wait-online.service',
          'systemd-networkd-wait-online.service',
          'systemd-networkd-wait-online@.service',
          'ifupdown-wait-online.service',
        ],
      },
    ],
    why: 'the network is up before systemd starts; they would wait for interfaces that nobody manages',
    undo: 'Name the interfaces to wait for in a drop-in.',
    from: 'network-manager, systemd-networkd, ifupdown',
  },
  {
    id: 'nfs3',
    fault: 'minor',
    actions: [
      {
        kind: 'mask',
        units: [
          'nfs-blkmap.service',
          'rpcbind.service',
          'rpcbind.socket',
          'rpc-statd.service',
          'rpc-statd-notify.service',
        ],
      },
    ],
    why: 'NFS 4.1 needs neither the port mapper nor a block layout',
    undo: 'For mounts of NFSv3 servers.',
    from: 'nfs-common, rpcbind',
  },
];

const undoDevices = 'For nodes that have such a device.';

const deviceRules: readonly SealRule[] = [
  {
    id: 'radio',
    fault: 'minor',
    actions: [
      { kind: 'mask', units: ['wpa_supplicant.service', 'bluetooth.service', 'hciuart.service', 'iwd.service'] },
    ],
    why: 'nodes of a rack are wired',
    undo: undoDevices,
    from: 'pi-gen stage2 (wpasupplicant, bluez, pi-bluetooth)',
  },
  {
    id: 'modems',
    fault: 'minor',
    actions: [{ kind: 'mask', units: ['ModemManager.service'] }],
    why: 'it opens every serial port to look for a modem',
    undo: undoDevices,
    from: 'modemmanager',
  },
  {
    id: 'avahi',
    fault: 'minor',
    actions: [{ kind: 'mask', units: ['avahi-daemon.service', 'avahi-daemon.socket'] }],
    why: 'names are in /etc/hosts; a thousand nodes that announce themselves load each other',
    undo: 'Nodes then are found as NAME.local.',
    from: 'pi-gen stage2 (avahi-daemon)',
  },
  {
    id: 'usb-gadget',
    fault: 'minor',
    actions: [{ kind: 'mask', units: ['rpi-usb-gadget.service'] }],
    why: 'it makes a network card of the USB port, for a board on the desk',
    undo: undoDevices,
    from: 'pi-gen stage2 (rpi-usb-gadget)',
  },
  {
    id: 'rpi-connect',
    fault: 'minor',
    actions: [
      {
        kind: 'mask',
        units: [
          'rpi-connect.service',
          'rpi-connect-wayvnc.service',
          'rpi-connect-wayvnc-watcher.path',
          'rpi-connect-signin.path',
        ],
      },
    ],
    why: 'a node is reached from the storage node, not over a service on the internet',
    undo: 'It must be signed in at each boot, but on a persistent root.',
    from: 'pi-gen stage2 (rpi-connect-lite)',
  },
  {
    id: 'console',
    fault: 'slow',
    actions: [
      {
        kind: 'mask',
        units: ['keyboard-setup.service', 'console-setup.service', 'triggerhappy.service', 'triggerhappy.socket'],
      },
    ],
    why: 'they set up a keyboard and a font, and a node has neither keyboard nor screen',
    undo: undoDevices,
    from: 'pi-gen stage2 (console-setup, triggerhappy)',
  },
  {
    id: 'removable-disks',
    fault: 'minor',
    actions: [{ kind: 'mask', units: ['udisks2.service'] }],
    why: 'it mounts disks for people at a desktop',
    undo: undoDevices,
    from: 'pi-gen stage2 (udisks2)',
  },
];

export const wiringRules: readonly SealRule[] = [...networkRules, ...deviceRules];
