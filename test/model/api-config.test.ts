/** Where the API may listen for other machines. */
import { expect, test } from 'vitest';

import { ApiConfig, parseApiAddress } from '../../src/model/api-config.ts';

test('an address and a port', () => {
  expect(parseApiAddress('192.168.1.5:8443')).toEqual({ address: '192.168.1.5', port: 8443 });
  expect(ApiConfig.parse({ listen: '192.168.1.5:443' })).toEqual({ listen: '192.168.1.5:443', names: [] });
});

test.each(['192.168.1.5', '192.168.1.5:0', '192.168.1.5:70000', '192.168.1:80', 'storage:8443', '0.0.0.0:8443', ''])(
  '"%s" is none',
  (text) => {
    expect(() => parseApiAddress(text)).toThrow(/is not an address and a port|no address that a certificate can name/);
  },
);

test.each([
  [{ certificate: '/etc/a.pem' }, 'go together'],
  [{ names: ['a b'] }, 'a host name'],
  [{ names: ['a\nsubjectAltName = DNS:evil'] }, 'a host name'],
  [{ tls: false }, 'tls'],
])('%o is refused', (more, word) => {
  const { error } = ApiConfig.safeParse({ listen: '192.168.1.5:8443', ...more });

  expect(JSON.stringify(error?.issues)).toContain(word);
});
