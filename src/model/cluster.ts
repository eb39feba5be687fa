/** cluster.yaml: what is true of the whole site, and its roles. Schema = type; defaults live here and nowhere else. */
import { z } from 'zod';

import { ApiConfig } from './api-config.ts';
import { Ipv4, Ipv4InterfaceText, Ipv4RangeText, Ipv4SubnetText } from './ipv4.ts';
import { AbsolutePath, NodeName, ResourceName, VariableName, VariableValue, Variables } from './names.ts';
import { parseDurationMs } from './duration.ts';
import { parsedText } from './parsed-text.ts';
import { PowerPolicy, Switch } from './power.ts';
import { CheckSpec } from './rollout.ts';
import { PersistentRoot, RootMode } from './root-mode.ts';
import { Webhook } from './webhook.ts';

/** `debian-lite` follows the newest version, `debian-lite@20261121.1` pins one. */
const ImageReference = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]*(?:@[A-Za-z0-9._-]+)?$/, 'an image name, or name@version');

/** One argument of the kernel's command line: firmware and kernel split it at spaces. */
export const KernelArgument = z
  .string()
  .regex(/^[\x21-\x7e]+$/, 'one kernel argument without spaces, for example quiet or isolcpus=3');

export const defaultDeadlineMs = 300_000;

/** How firmware gets its files: one by one, or as a signed boot.img. */
const bootWays = ['tftp', 'signed'] as const;

export const Role = z.strictObject({
  image: ImageReference,
  root: RootMode.default('shared'),
  /** Of `root: persistent`. */
  persistent: PersistentRoot.optional(),
  /** `signed`: over HTTP, as one boot.img with a signature; Pi 4 and 5 only. */
  boot: z.enum(bootWays).default('tftp'),
  overlays: z.array(ResourceName).default([]),
  kernelArguments: z.array(KernelArgument).default([]),
  vars: Variables.default({}),
  /** systemd units that must be active for the node to count as ready; slurmd also: registered at the controller. */
  ready: z.array(z.string()).default([]),
  /** From the first packet to ready. */
  deadline: parsedText(parseDurationMs).default(defaultDeadlineMs),
});
export type Role = Readonly<z.infer<typeof Role>>;

export const Share = z.strictObject({
  name: ResourceName,
  path: AbsolutePath,
  mount: AbsolutePath,
  /** Roles that mount it; all when left out. */
  roles: z.array(ResourceName).optional(),
  /** Owner of the share's top folder, by name in the image of the nodes that mount it. */
  owner: z
    .string()
    .regex(/^[a-z_][a-z0-9_-]*$/, 'a user name')
    .optional(),
});
export type Share = Readonly<z.infer<typeof Share>>;

/** A secret that every boot has of its own: by it the running system is known to the storage node. */
export const bootKeySecret = 'bootKey';

/** Made by pi-image for each boot or node, or once for the cluster; overlays may need them without a word in cluster.yaml. */
export const builtInSecrets = [
  bootKeySecret,
  'sshHostKey',
  'sshHostCertificate',
  'sshUserKey',
  'sshUserCertificate',
  'sshCaPublicKey',
] as const;

/** The key that signs boot.img: its private half reaches no node. */
export const signingSecret = 'bootSigning';

export const SecretSpec = z.union([
  z.strictObject({ generateBytes: z.int().min(16).max(4096) }),
  z.strictObject({ file: AbsolutePath }),
]);
export type SecretSpec = Readonly<z.infer<typeof SecretSpec>>;

const Port = z.int().min(1).max(65_535);

/** A network behind a relay: its boards' DHCP comes from the relay's address, which lies in it. */
const RelayedSubnet = z.strictObject({
  subnet: Ipv4SubnetText,
  /** For boards that are not nodes yet; without it only nodes are served there. */
  pool: Ipv4RangeText.optional(),
  /** The router by which its boards reach this storage node. */
  gateway: Ipv4,
});

const defaultLeaseMs = 600_000;

const Network = z.strictObject({
  /** DHCP and TFTP answer here and nowhere else. */
  interface: z.string().regex(/^[a-zA-Z0-9._-]{1,15}$/, 'a network interface name, at most 15 characters'),
  /** This storage node on that network. */
  address: Ipv4InterfaceText,
  /** Addresses for boards that are not nodes yet. Only `dhcp: server` gives any. */
  pool: Ipv4RangeText.optional(),
  /** `proxy`: another server gives the addresses, this one says what to boot. `off`: neither. */
  dhcp: z.enum(['server', 'proxy', 'off']).default('server'),
  /** With `dhcp: off` nobody sees boards being switched on. `requests`: one that asks for a node's files is taken for its board. */
  trust: z.enum(['dhcp', 'requests']).default('dhcp'),
  /** Further networks, behind relays. */
  subnets: z.array(RelayedSubnet).default([]),
  /** How long a board that is no node has its address. */
  lease: parsedText(parseDurationMs).default(defaultLeaseMs),
  /** Whose address may be given to another board when the pool is full: leases that ended, and offers that nobody took; or only the former. */
  reuse: z.enum(['silent', 'expired']).default('silent'),
  /** Whether an address of the pool is looked for on the network before it is offered. */
  probe: z.boolean().default(true),
  /** How long a Pi 3 waits for its answer; undefined: a second in proxy mode, where two answers at once can stop it. */
  pi3Delay: parsedText(parseDurationMs).optional(),
  gateway: Ipv4.optional(),
  dns: z.array(Ipv4).default([]),
  /** The storage node unless given. */
  ntp: Ipv4.optional(),
  /** Image whose kernel unknown boards wait in. */
  hold: ImageReference.optional(),
});

export const Cluster = z.strictObject({
  cluster: NodeName,
  network: Network,
  roles: z.record(ResourceName, Role),
  shares: z.array(Share).default([]),
  secrets: z.record(VariableName, SecretSpec).default({}),
  switches: z.record(ResourceName, Switch).default({}),
  power: PowerPolicy.prefault({}),
  slurm: z
    .strictObject({
      controllerRole: ResourceName,
      /** Nodes that run slurmd take slurm.conf from the controller, not from their overlay. */
      configless: z.boolean().default(false),
    })
    .optional(),
  /** Programs on the storage node that tell a rollout whether a wave is well. */
  checks: z.record(ResourceName, CheckSpec).default({}),
  vars: z.record(VariableName, VariableValue).default({}),
  /** Who is told of events. */
  webhooks: z.array(Webhook).default([]),
  /** The API for other machines. */
  api: ApiConfig.optional(),
  ports: z
    .strictObject({
      dhcp: Port.default(67),
      dhcpClient: Port.default(68),
      tftp: Port.default(69),
      http: Port.default(80),
      nfs: Port.default(2049),
      /** On 127.0.0.1 only. */
      api: Port.default(8443),
    })
    .prefault({}),
});
export type Cluster = Readonly<z.infer<typeof Cluster>>;
