/** ssh_config(5) of the rack's storage node: `ssh head` is root there, by the cluster's own certificates. */
import type { StorageKey } from '../host/ssh-keys.ts';

/** A booting node answers late; a dead one must not hold a command for minutes. */
const connectTimeoutSeconds = 20;

export function renderSshConfig(key: StorageKey): string {
  const settings: Readonly<Record<string, string>> = {
    User: 'root',
    IdentityFile: quote(key.privateKey),
    CertificateFile: quote(key.certificate),
    UserKnownHostsFile: quote(key.knownHosts),
    GlobalKnownHostsFile: '/dev/null',
    StrictHostKeyChecking: 'yes',
    IdentitiesOnly: 'yes',
    BatchMode: 'yes',
    ConnectTimeout: String(connectTimeoutSeconds),
    ServerAliveInterval: '15',
    LogLevel: 'ERROR',
  };
  const lines = Object.entries(settings).map(([name, value]) => `  ${name} ${value}\n`);
  return `Host *\n${lines.join('')}`;
}

function quote(file: string): string {
  return `"${file}"`;
}
