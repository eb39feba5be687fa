/** What the NFS servers read: ganesha.conf, or a file for /etc/exports.d. */
import path from 'node:path';

import { ConfigError } from '../model/errors.ts';
import type { NfsExport } from '../model/export.ts';
import type { Ipv4Address } from '../model/ipv4.ts';

export interface GaneshaSettings {
  readonly address: Ipv4Address;
  readonly port: number;
  /** Where it remembers its clients. */
  readonly recoveryDir: string;
}

/**
 * NFSv4 on one TCP port, without rpcbind, D-Bus or Kerberos. Minor versions 0 and 1: ganesha 4.3 answers reads of 4.2
 * clients with EIO. Graceless: roots are read-only, so a restart has no locks to wait for. Numeric owners: nodes have
 * no idmapd. A client that an export does not name does not see it.
 */
export function renderGaneshaConfig(settings: GaneshaSettings, exports: readonly NfsExport[]): string {
  const head = `# Written by pi-image; changes are overwritten.
NFS_CORE_PARAM {
    Protocols = 4;
    NFS_Port = ${settings.port};
    Bind_addr = ${settings.address};
    Enable_NLM = false;
    Enable_RQUOTA = false;
    allow_set_io_flusher_fail = true;
}
NFSV4 {
    Minor_Versions = 0, 1;
    Graceless = true;
    RecoveryBackend = fs_ng;
    RecoveryRoot = ${quoted(settings.recoveryDir)};
    Delegations = false;
    Only_Numeric_Owners = true;
    Allow_Numeric_Owners = true;
}
NFS_KRB5 { Active_krb5 = false; }
EXPORT_DEFAULTS { Protocols = 4; Transports = TCP; SecType = sys; Squash = none; Access_Type = None; }
LOG { Default_Log_Level = EVENT; }
`;
  return [head, ...exports.map(renderGaneshaExport)].join('');
}

function renderGaneshaExport(each: NfsExport): string {
  return `EXPORT {
    Export_Id = ${each.id};
    Path = ${quoted(each.path)};
    Pseudo = ${quoted(each.pseudo)};
    Protocols = 4; Transports = TCP; SecType = sys; Squash = None; Access_Type = None;
    FSAL { Name = VFS; }
    CLIENT { Clients = ${each.clients.join(', ')}; Protocols = 4; Squash = None; Access_Type = ${accessType[each.access]}; }
}
`;
}

const accessType = { 'read-only': 'RO', 'read-write': 'RW' } as const;

/**
 * exports(5). The kernel's NFSv4 root is the export with fsid=0: a folder that holds nothing but mount points, named as
 * nodes name them, so that both servers show the same paths.
 */
export function renderKernelExports(pseudoRoot: string, exports: readonly NfsExport[]): string {
  const everyone = [...new Set(exports.flatMap(({ clients }) => clients))];
  const lines = exports.map((each) => {
    const access = each.access === 'read-only' ? 'ro' : 'rw';
    return exportLine(kernelMountPoint(pseudoRoot, each), each.clients, `${access},fsid=${each.id}`);
  });
  const root = everyone.length === 0 ? [] : [exportLine(pseudoRoot, everyone, 'ro,fsid=0')];
  return `${['# Written by pi-image; changes are overwritten.', ...root, ...lines].join('\n')}\n`;
}

/** Where the export's tree is bind-mounted for the kernel's server. */
export function kernelMountPoint(pseudoRoot: string, each: NfsExport): string {
  return path.join(pseudoRoot, each.pseudo);
}

function exportLine(folder: string, clients: readonly Ipv4Address[], options: string): string {
  const common = `${options},no_root_squash,no_subtree_check,sync,sec=sys`;
  return [quoted(folder), ...clients.map((client) => `${client}(${common})`)].join(' ');
}

/** Both formats quote with "; neither is trusted with a quote, a backslash or a line end inside. */
function quoted(text: string): string {
  if (/["\\\n\r]/.test(text)) {
    throw new ConfigError(`cannot export ${JSON.stringify(text)}`, {
      hint: 'Choose a folder without quotes, backslashes and line ends in its name.',
    });
  }
  return `"${text}"`;
}
