/** Nodes for ssh and what runs over it: ssh_config(5) and known_hosts as sshd(8) describes it. */
import type { NodeSpec } from '../model/node.ts';

/** Paths of what root on the storage node logs in with. */
export interface SshFiles {
  readonly privateKey: string;
  readonly certificate: string;
  readonly knownHosts: string;
}

/** A node is known by its name, wherever it is; its certificate holds that name. @param files undefined: whoever asks has keys of their own */
export function sshConfig(nodes: readonly NodeSpec[], files: SshFiles | undefined): string {
  const own = files === undefined ? [] : keyLines(files);
  const blocks = nodes.map(({ name, address }) => {
    const lines = [`HostName ${address}`, `HostKeyAlias ${name}`, 'User root', ...own];
    return `Host ${name} ${address}\n${lines.map((line) => `  ${line}\n`).join('')}`;
  });
  return `# Written by "pi-image inventory -o ssh-config".\n${blocks.join('\n')}`;
}

function keyLines(files: SshFiles): string[] {
  return [
    `IdentityFile "${files.privateKey}"`,
    `CertificateFile "${files.certificate}"`,
    `UserKnownHostsFile "${files.knownHosts}"`,
    'IdentitiesOnly yes',
    'StrictHostKeyChecking yes',
  ];
}

/** One line: the cluster's authority speaks for its nodes, and for nobody else. */
export function knownHosts(nodes: readonly NodeSpec[], caPublicKey: string): string {
  const hosts = nodes.flatMap(({ name, address }) => [name, address]);
  return hosts.length === 0 ? '' : `@cert-authority ${hosts.join(',')} ${caPublicKey}\n`;
}
