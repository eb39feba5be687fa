import { expect, test } from 'vitest';

import { findSecrets, refuseSecrets } from '../../src/plan/secret-lint.ts';

const file = (path: string, head = '', sizeBytes = 100) => ({ path, head, sizeBytes });

/** Put together so that no scanner takes this file for a key. */
const pem = (kind: string) => `-----BEGIN ${kind}PRIVATE KEY-----\nMIIE`;

test.each([
  ['an OpenSSH key of root', file('root/.ssh/id_ed25519', pem('OPENSSH '))],
  ['an RSA key of a daemon', file('etc/ssl/private/snakeoil.key', pem('RSA '))],
  ['a PKCS #8 key after a certificate', file('etc/pki/both.pem', `-----BEGIN CERTIFICATE-----\nMIIB\n${pem('')}`)],
  ['an encrypted key', file('home/pi/key.pem', pem('ENCRYPTED '))],
  ['an SSH host key', file('etc/ssh/ssh_host_ed25519_key')],
  ['a munge key', file('etc/munge/munge.key')],
  ['a munge key elsewhere', file('root/backup/munge.key')],
  ['a machine id', file('etc/machine-id', '', 33)],
  ['a random seed', file('var/lib/systemd/random-seed')],
  ['a shell history', file('home/pi/.bash_history')],
  ['a cloud-init seed', file('var/lib/cloud/seed/nocloud/user-data')],
])('%s is found', (_name, secret) => {
  expect(findSecrets([file('etc/hosts'), secret]).map(({ path }) => path)).toEqual([`/${secret.path}`]);
});

test.each([
  ['an empty machine id', file('etc/machine-id', '', 0)],
  ['an empty history', file('root/.bash_history', '', 0)],
  ['a public key', file('root/.ssh/authorized_keys', 'ssh-ed25519 AAAA root@storage')],
  ['a certificate', file('etc/ssl/certs/ca.pem', '-----BEGIN CERTIFICATE-----')],
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
