/** Capabilities of programs: read from the attribute that holds them, and given back at boot where the root came over NFS. */

/** Of capabilities(7), by number. */
const names = [
  'chown',
  'dac_override',
  'dac_read_search',
  'fowner',
  'fsetid',
  'kill',
  'setgid',
  'setuid',
  'setpcap',
  'linux_immutable',
  'net_bind_service',
  'net_broadcast',
  'net_admin',
  'net_raw',
  'ipc_lock',
  'ipc_owner',
  'sys_module',
  'sys_rawio',
  'sys_chroot',
  'sys_ptrace',
  'sys_pacct',
  'sys_admin',
  'sys_boot',
  'sys_nice',
  'sys_resource',
  'sys_time',
  'sys_tty_config',
  'mknod',
  'lease',
  'audit_write',
  'audit_control',
  'setfcap',
  'mac_override',
  'mac_admin',
  'syslog',
  'wake_alarm',
  'block_suspend',
  'audit_read',
  'perfmon',
  'bpf',
  'checkpoint_restore',
] as const;

const revisions: ReadonlySet<number> = new Set([2, 3]);

/**
 * As setcap reads it: `cap_net_raw=ep`.
 * @param hex of security.capability: struct vfs_cap_data, little endian
 * @returns undefined when it is none that this kernel generation writes, or an empty one
 */
export function describeCapabilities(hex: string): string | undefined {
  const bytes = Buffer.from(hex, 'hex');
  if (bytes.length < 20) return undefined;
  const head = bytes.readUInt32LE(0);
  if (!revisions.has(head >>> 24)) return undefined;
  const isEffective = (head & 1) === 1;
  const permitted = numbersOf(bytes.readUInt32LE(4), bytes.readUInt32LE(12));
  const inheritable = numbersOf(bytes.readUInt32LE(8), bytes.readUInt32LE(16));
  const groups = new Map<string, number[]>();
  for (const number of [...new Set([...permitted, ...inheritable])].toSorted((a, b) => a - b)) {
    const isPermitted = permitted.includes(number);
    const flags = `${isEffective ? 'e' : ''}${inheritable.includes(number) ? 'i' : ''}${isPermitted ? 'p' : ''}`;
    groups.set(flags, [...(groups.get(flags) ?? []), number]);
  }
  const parts = [...groups].map(([flags, numbers]) => `${numbers.map(nameOf).join(',')}=${flags}`);
  return parts.length === 0 ? undefined : parts.join(' ');
}

function numbersOf(low: number, high: number): number[] {
  const isSet = (number: number) => (((number < 32 ? low : high) >>> (number % 32)) & 1) === 1;
  return Array.from({ length: 64 }, (_, number) => number).filter(isSet);
}

const nameOf = (number: number) => (names[number] === undefined ? String(number) : `cap_${names[number]}`);

export const capabilityUnit = 'pi-image-capabilities.service';
export const setcapPlaces = ['usr/sbin/setcap', 'usr/bin/setcap', 'sbin/setcap'] as const;

export interface CapableFile {
  readonly path: string;
  /** As setcap reads it. */
  readonly capabilities: string;
}

/** One program more that lost its capability is no reason to give the others none: each line may fail. */
export function renderCapabilityUnit(files: readonly CapableFile[], setcap: string): string {
  const lines = files.map(
    ({ path, capabilities }) => `ExecStart=-/${setcap} -q ${quote(capabilities)} ${quote(`/${path}`)}\n`,
  );
  return `[Unit]
Description=Gives programs the capabilities that NFS does not carry
# A squashfs has them, and a root that is NFS itself cannot.
ConditionKernelCommandLine=!pi_image.mode=squash
ConditionKernelCommandLine=!pi_image.mode=ram
ConditionKernelCommandLine=!pi_image.mode=persistent

[Service]
Type=oneshot
RemainAfterExit=yes
${lines.join('')}`;
}

/** systemd.service(5), systemd.unit(5): `%` and `$` mean something, quotes and backslashes too. */
function quote(word: string): string {
  const plain = word
    .replaceAll('\\', '\\\\')
    .replaceAll('"', String.raw`\"`)
    .replaceAll('%', '%%')
    .replaceAll('$', '$$$$');
  return `"${plain}"`;
}
