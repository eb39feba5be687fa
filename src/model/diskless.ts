/** Names of the rules by which an image is made to run without a disk, and what a version keeps of them. */
import { z } from 'zod';

import { didYouMean } from './nearest.ts';

/** Whoever has the image would have these: no image.yaml can keep what they take away. */
export const requiredRules = [
  'ssh-host-keys',
  'munge-key',
  'machine-id',
  'dbus-machine-id',
  'random-seed',
  'host-name',
  'build-traces',
  'caches',
  'logs',
  'apt-sources',
] as const;
type RequiredRule = (typeof requiredRules)[number];

/** Those that `diskless.keep` of image.yaml switches off. */
export const keepableRules = [
  'boot-files',
  'default-target',
  'fstab',
  'crypttab',
  'capabilities',
  'userconfig',
  'regenerate-host-keys',
  'sshswitch',
  'raspi-config',
  'systemd-firstboot',
  'cloud-init',
  'resize',
  'disk-daemons',
  'dphys-swapfile',
  'rpi-swap',
  'zram',
  'journal',
  'core-dumps',
  'logrotate',
  'utmp',
  'random-seed-service',
  'pstore',
  'rfkill',
  'fake-hwclock',
  'boot-loader',
  'rpi-eeprom',
  'firmware-updates',
  'apt-timers',
  'dpkg-backup',
  'man-db',
  'fstrim',
  'e2scrub',
  'file-index',
  'network-manager',
  'networkd',
  'netplan',
  'dhcpcd',
  'ifupdown',
  'connman',
  'wait-online',
  'nfs3',
  'radio',
  'modems',
  'avahi',
  'usb-gadget',
  'rpi-connect',
  'console',
  'removable-disks',
] as const;
export type KeepableRule = (typeof keepableRules)[number];

export type DisklessRuleId = RequiredRule | KeepableRule;

const isIn = (ids: readonly string[], id: string) => ids.includes(id);

const KeptRule = z.string().superRefine((id, context) => {
  if (isIn(keepableRules, id)) return;
  const complain = (message: string, hint: string) => {
    context.addIssue({ code: 'custom', message, params: { hint } });
  };
  if (isIn(requiredRules, id)) {
    complain(
      `${JSON.stringify(id)} cannot be kept: every image needs it`,
      'What a node is to have of its own comes by overlay.',
    );
  } else {
    complain(
      `there is no rule ${JSON.stringify(id)}${didYouMean(id, keepableRules)}`,
      'docs/images.md lists the rules, and "pi-image image doctor NAME" those that a version needed.',
    );
  }
});

/** `diskless:` of image.yaml. */
export const Diskless = z.strictObject({ keep: z.array(KeptRule).default([]) });

/** `diskless` of a manifest: by id, in the order of the rules. */
export const DisklessRecord = z.strictObject({
  /** Those that found something to do. */
  applied: z.array(z.string()),
  /** Those that image.yaml switched off. */
  kept: z.array(z.string()),
  /** Units that a rule would have masked, and that image.yaml enables. */
  enabled: z.array(z.string()),
});
export type DisklessRecord = Readonly<z.infer<typeof DisklessRecord>>;
