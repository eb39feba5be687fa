/** Finds what must never be in a published image: keys, passwords, identities, histories. */
import { ConfigError } from '../model/errors.ts';

export interface LintedFile {
  /** Relative to the root. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Its first bytes as text, where it lies below one of `foldersWithKeys`. */
  readonly head: string;
}

export interface SecretFinding {
  readonly path: string;
  readonly what: string;
}

export const lintHeadBytes = 4096;

interface SecretRule {
  readonly what: string;
  readonly isSecret: (file: LintedFile) => boolean;
}

const secretRules: readonly SecretRule[] = [
  { what: 'an SSH host key', isSecret: ({ path }) => path.startsWith('etc/ssh/ssh_host_') },
  { what: 'a munge key', isSecret: ({ path }) => /(?:^|\/)munge\.key$/.test(path) },
  {
    what: 'a private key',
    isSecret: ({ head }) =>
      /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----/.test(head) || head.startsWith('PuTTY-User-Key-File-'),
  },
  {
    what: 'a machine id',
    isSecret: ({ path, sizeBytes }) => /^(?:etc|var\/lib\/dbus)\/machine-id$/.test(path) && sizeBytes > 0,
  },
  {
    what: 'a random seed',
    isSecret: ({ path }) => /^var\/lib\/systemd\/(?:random-seed|credential\.secret)$/.test(path),
  },
  {
    what: 'a history of commands',
    isSecret: ({ path, sizeBytes }) =>
      sizeBytes > 0 && /^(?:root|home\/[^/]+)\/\.(?:bash|zsh|sh|python|mysql|psql|node_repl)_history$/.test(path),
  },
  { what: 'a cloud-init seed', isSecret: ({ path }) => /^var\/lib\/cloud\/(?:seed|instances?)\/./.test(path) },
  {
    what: 'stored credentials',
    isSecret: ({ path }) =>
      /^(?:root|home\/[^/]+)\/\.(?:netrc|git-credentials|pgpass|aws\/credentials|kube\/config)$/.test(path) ||
      /^etc\/apt\/auth\.conf(?:\.d\/.+)?$/.test(path),
  },
  {
    what: 'a password of a container registry',
    isSecret: ({ path, head }) => path.endsWith('.docker/config.json') && /"auth"\s*:\s*"./.test(head),
  },
  {
    what: 'a Wi-Fi password',
    isSecret: ({ path, head }) =>
      /^etc\/(?:NetworkManager\/system-connections\/.|wpa_supplicant\/.*\.conf$|netplan\/.)/.test(path) &&
      /^\s*"?(?:psk|password|wep-key\d)"?\s*[=:]\s*\S/m.test(head),
  },
  {
    what: 'a password in an address',
    isSecret: ({ path, head }) => path.startsWith('etc/apt/') && /:\/\/[^\s/:@]+:[^\s/@]+@/.test(head),
  },
];

/** Each of them, as it is told. */
export const secretKinds: readonly string[] = secretRules.map(({ what }) => what);

/** Private keys lie where people and daemons keep theirs; in /usr there are only examples. */
export const foldersWithKeys: readonly string[] = ['etc', 'root', 'home', 'srv', 'opt', 'var/lib'];

export function findSecrets(files: Iterable<LintedFile>): SecretFinding[] {
  const findings: SecretFinding[] = [];
  for (const file of files) {
    const rule = secretRules.find(({ isSecret }) => isSecret(file));
    if (rule !== undefined) findings.push({ path: `/${file.path}`, what: rule.what });
  }
  return findings;
}

/** @throws ConfigError that lists every finding */
export function refuseSecrets(image: string, findings: readonly SecretFinding[]): void {
  if (findings.length === 0) return;
  const list = findings.map(({ path, what }) => `  ${path}: ${what}`).join('\n');
  throw new ConfigError(`${image} holds secrets and is not published:\n${list}`, {
    hint: 'Remove them in a layer ("run:"), and give them to nodes with "secret:" in an overlay: everyone on the boot network can read an image.',
  });
}
