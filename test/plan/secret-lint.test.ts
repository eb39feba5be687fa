import { expect, test } from 'vitest';

import { findSecrets, refuseSecrets, secretKinds } from '../../src/plan/secret-lint.ts';

const file = (path: string, head = '', sizeBytes = 100) => ({ path, head, sizeBytes });

/** Put together so that no scanner takes this file for a key. */
const pem = (kind: string) => `-----BEGIN ${kind}PRIVATE KEY-----\nMIIE`;

type Example = readonly [name: string, kind: string, found: ReturnType<typeof file>];

const secrets: readonly Example[] = [
  ['an OpenSSH key of root', 'a private key', file('root/.ssh/id_ed25519', pem('OPENSSH '))],
  ['an RSA key of a daemon', 'a private key', file('etc/ssl/private/snakeoil.key', pem('RSA '))],
  [
    'a PKCS #8 key after a certificate',
    'a private key',
    file('etc/pki/both.pem', `-----BEGIN CERTIFICATE-----\nMIIB\n${pem('')}`),
  ],
  ['an encrypted key', 'a private key', file('home/pi/key.pem', pem('ENCRYPTED '))],
  ['a key of PGP', 'a private key', file('srv/key.asc', pem('PGP ').replace('KEY-', 'KEY BLOCK-'))],
  ['a key of PuTTY', 'a private key', file('home/pi/key.ppk', 'PuTTY-User-Key-File-3: ssh-ed25519\n')],
  ['an SSH host key', 'an SSH host key', file('etc/ssh/ssh_host_ed25519_key')],
  ['a munge key', 'a munge key', file('etc/munge/munge.key')],
  ['a munge key elsewhere', 'a munge key', file('root/backup/munge.key')],
  ['a machine id', 'a machine id', file('etc/machine-id', '', 33)],
  ['a machine id of D-Bus', 'a machine id', file('var/lib/dbus/machine-id', '', 33)],
  ['a random seed', 'a random seed', file('var/lib/systemd/random-seed')],
  ['the key of systemd-creds', 'a random seed', file('var/lib/systemd/credential.secret')],
  ...['bash', 'zsh', 'sh', 'python', 'mysql', 'psql', 'node_repl'].map((program): Example => [
    `what was typed in ${program}`,
    'a history of commands',
    file(`home/pi/.${program}_history`),
  ]),
  ['a cloud-init seed', 'a cloud-init seed', file('var/lib/cloud/seed/nocloud/user-data')],
  ['what cloud-init kept of a seed', 'a cloud-init seed', file('var/lib/cloud/instances/i-1/user-data.txt')],
  ...['.netrc', '.git-credentials', '.pgpass', '.aws/credentials', '.kube/config'].map((name): Example => [
    name,
    'stored credentials',
    file(`root/${name}`),
  ]),
  ['a password for apt', 'stored credentials', file('etc/apt/auth.conf.d/mirror.conf')],
  [
    'a login of docker',
    'a password of a container registry',
    file('root/.docker/config.json', '{"auths":{"r":{"auth":"YTpi"}}}'),
  ],
  ...[
    ['NetworkManager/system-connections/home.nmconnection', '[wifi-security]\nkey-mgmt=wpa-psk\npsk=secret\n'],
    ['NetworkManager/system-connections/work.nmconnection', '[802-1x]\npassword=secret\n'],
    ['wpa_supplicant/wpa_supplicant.conf', 'network={\n  psk="secret"\n}\n'],
    ['netplan/50.yaml', 'wifis:\n  wlan0:\n    access-points:\n      "home":\n        password: "secret"\n'],
  ].map(([name = '', text]): Example => [name, 'a Wi-Fi password', file(`etc/${name}`, text)]),
  [
    'an archive with a password',
    'a password in an address',
    file('etc/apt/sources.list.d/x.sources', 'URIs: https://me:secret@mirror.test/debian/\n'),
  ],
];

test.each<Example>([...secrets])('%s is found', (_name, what, secret) => {
  expect(findSecrets([file('etc/hosts'), secret])).toEqual([{ path: `/${secret.path}`, what }]);
});

test('each kind has an example', () => {
  expect(new Set(secrets.map(([, kind]) => kind))).toEqual(new Set(secretKinds));
});

test.each([
  ['an empty machine id', file('etc/machine-id', '', 0)],
  ['an empty history', file('root/.bash_history', '', 0)],
  ['a public key', file('root/.ssh/authorized_keys', 'ssh-ed25519 AAAA root@storage')],
  ['a certificate', file('etc/ssl/certs/ca.pem', '-----BEGIN CERTIFICATE-----')],
  [
    'a network without a password',
    file('etc/NetworkManager/system-connections/eth.nmconnection', '[ipv4]\nmethod=auto'),
  ],
  ['a script of wpa_supplicant', file('etc/wpa_supplicant/functions.sh', 'psk="$1"\n')],
  ['an archive without a password', file('etc/apt/sources.list', 'deb http://mirror.test:80/debian x@y main')],
  ['a docker without a login', file('root/.docker/config.json', '{"auths":{}}')],
  ['a text about keys', file('etc/ssh/sshd_config', '# HostKey /etc/ssh/ssh_host_rsa_key')],
])('%s is none', (_name, harmless) => {
  expect(findSecrets([harmless])).toEqual([]);
});

test('the error lists every path and the cure', () => {
  const findings = findSecrets([file('etc/munge/munge.key'), file('etc/ssh/ssh_host_rsa_key')]);
  expect(() => refuseSecrets('mine', findings)).toThrow(
    /\/etc\/munge\/munge\.key: a munge key\n {2}\/etc\/ssh\/ssh_host_rsa_key: an SSH host key/,
  );
  expect(() => refuseSecrets('mine', [])).not.toThrow();
});
