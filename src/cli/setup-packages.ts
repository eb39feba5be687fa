/**
 * The Debian packages that each part of pi-image runs: the one place where they are listed. Only what compiles SQLite
 * stands elsewhere, in install-modules.sh: that comes before anything here can run.
 */

export interface ToolPackage {
  readonly name: string;
  /** Shown before it is installed. */
  readonly why: string;
  /** Only on machines that are not arm64 themselves. */
  readonly isForEmulation?: boolean;
  /** Services that the package brings and that must not start by themselves. */
  readonly units?: readonly string[];
}

export const toolSetNames = ['build', 'serve', 'rack', 'peers'] as const;
export type ToolSet = (typeof toolSetNames)[number];

const toolSets: Readonly<Record<ToolSet, readonly ToolPackage[]>> = {
  build: [
    { name: 'mmdebstrap', why: 'makes the base of an image' },
    { name: 'debian-archive-keyring', why: "Debian's signing keys" },
    { name: 'qemu-user-static', why: 'runs arm64 programs of the image while it is built', isForEmulation: true },
    { name: 'arch-test', why: 'tells whether arm64 programs run here' },
    { name: 'zstd', why: 'packs the initramfs' },
    { name: 'xz-utils', why: 'unpacks kernel modules' },
    { name: 'attr', why: 'reads capabilities and access lists of files' },
    { name: 'mtools', why: 'reads the boot partition of an image of a card' },
    { name: 'fuse2fs', why: 'reads its root where there are no loop devices' },
    { name: 'uidmap', why: 'lets ordinary users build images' },
  ],
  serve: [
    {
      name: 'nfs-ganesha',
      why: 'NFS server where the kernel has none',
      units: ['nfs-ganesha.service', 'nfs-ganesha-lock.service'],
    },
    { name: 'nfs-ganesha-vfs', why: 'lets it export folders' },
    { name: 'rpcbind', why: 'comes with nfs-ganesha; not used', units: ['rpcbind.service', 'rpcbind.socket'] },
    { name: 'chrony', why: 'gives nodes the time' },
    { name: 'iproute2', why: 'looks at network interfaces' },
    { name: 'openssh-client', why: "makes nodes' SSH keys, and reaches them" },
    { name: 'dosfstools', why: 'makes the file system of a signed boot.img' },
    { name: 'mtools', why: 'puts files into it without mounting' },
    { name: 'squashfs-tools', why: 'packs roots for the modes squash and ram' },
    { name: 'openssl', why: 'makes the certificate of the API for other machines' },
  ],
  rack: [
    { name: 'qemu-system-arm', why: 'the machine behind a virtual board' },
    { name: 'qemu-efi-aarch64', why: 'UEFI for virtual boards that are no Pi' },
    { name: 'u-boot-qemu', why: 'U-Boot for them' },
    { name: 'curl', why: 'asks for another role; in tests an HTTP and TFTP client' },
  ],
  peers: [
    { name: 'tftp-hpa', why: 'TFTP client' },
    { name: 'atftp', why: 'TFTP client' },
    { name: 'busybox-static', why: 'udhcpc and tftp' },
    { name: 'udhcpc', why: 'DHCP client' },
    { name: 'isc-dhcp-client', why: 'DHCP client' },
    { name: 'libnfs-utils', why: 'NFS client' },
    { name: 'snmpd', why: 'is the switch that gives power', units: ['snmpd.service'] },
    { name: 'strace', why: 'kills the service at its writes, and shows their order' },
    { name: 'dnsmasq-base', why: 'the foreign DHCP server' },
    { name: 'isc-dhcp-relay', why: 'DHCP relay', units: ['isc-dhcp-relay.service'] },
    { name: 'kea-admin', why: 'perfdhcp, which asks for addresses by the thousand' },
    { name: 'tshark', why: 'looks for what is wrong in packets of ours' },
    { name: 'nftables', why: 'is the firewall that the doctor finds' },
    { name: 'faketime', why: 'sets the clock of one program wrong' },
    { name: 'perl-base', why: 'hands sockets over as systemd does, and holds the tables of a switch' },
    { name: 'gcc-aarch64-linux-gnu', why: 'compiles what listens for LLDP on a board', isForEmulation: true },
    { name: 'openssl', why: 'verifies signatures of ours' },
    { name: 'e2fsprogs', why: 'makes the root of a card' },
    { name: 'acl', why: 'gives files in it rights of their own' },
    { name: 'libcap2-bin', why: 'gives files in it capabilities' },
    { name: 'gpg', why: "signs the tests' own package archive" },
    { name: 'gpg-agent', why: 'holds the key for it' },
    { name: 'qemu-system-x86', why: "the machine for the kernel's NFS server" },
    {
      name: 'nfs-kernel-server',
      why: "the kernel's NFS server, in that machine",
      units: ['nfs-server.service', 'nfs-kernel-server.service', 'nfs-mountd.service'],
    },
    { name: 'kmod', why: "orders that machine's modules" },
    {
      name: 'prometheus',
      why: 'scrapes the service; promtool checks what it reads',
      units: ['prometheus.service'],
    },
    {
      name: 'prometheus-node-exporter',
      why: 'is what it finds on a node',
      units: ['prometheus-node-exporter.service'],
    },
    { name: 'mandoc', why: 'looks for mistakes in man pages' },
    { name: 'zsh', why: 'reads its completion' },
    { name: 'fish', why: 'reads its completion' },
    { name: 'ansible-core', why: 'asks for the inventory' },
    { name: 'genders', why: 'reads groups of nodes' },
    { name: 'pdsh', why: 'runs commands on them' },
    { name: 'clustershell', why: 'does both' },
    {
      name: 'systemd-journal-remote',
      why: 'sends and takes journals',
      units: ['systemd-journal-remote.socket', 'systemd-journal-upload.service'],
    },
    { name: 'chromium', why: 'opens the dashboard' },
    { name: 'openssh-server', why: 'is a node that ssh reaches', units: ['ssh.service', 'ssh.socket'] },
    { name: 'munge', why: 'checks who speaks to Slurm', units: ['munge.service'] },
    { name: 'slurmctld', why: "is Slurm's controller", units: ['slurmctld.service'] },
    { name: 'slurmd', why: 'runs its jobs', units: ['slurmd.service'] },
    { name: 'slurm-client', why: 'asks for them' },
  ],
};

/** Each once, also where several parts need it. */
export function packagesFor(sets: readonly ToolSet[], architecture: string): ToolPackage[] {
  const tools = sets
    .flatMap((set) => toolSets[set])
    .filter((tool) => tool.isForEmulation !== true || architecture !== 'arm64');
  return tools.filter(({ name }, index) => tools.findIndex((other) => other.name === name) === index);
}
