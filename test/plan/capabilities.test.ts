import { expect, test } from 'vitest';

import { describeCapabilities, renderCapabilityUnit } from '../../src/plan/capabilities.ts';

// Written by setcap 2.66, read with getfattr.
test.each([
  ['0100000200200000000000000000000000000000', 'cap_net_raw=ep'],
  ['0000000200200000000000000000000000000000', 'cap_net_raw=p'],
  ['0100000200300000000000000000000000000000', 'cap_net_admin,cap_net_raw=ep'],
  ['0100000200000000002000000000000000000000', 'cap_net_raw=ei'],
  ['0100000280000000002000000000000000000000', 'cap_setuid=ep cap_net_raw=ei'],
  ['0100000200000000000000008000000000000000', 'cap_bpf=ep'],
  ['0100000300200000000000000000000000000000e9030000', 'cap_net_raw=ep'],
  ['0100000200000000000000000000000100000000', '56=ep'],
])('%s is %s', (hex, expected) => {
  expect(describeCapabilities(hex)).toBe(expected);
});

test.each([
  '',
  '00',
  '0000000100200000',
  '0100000900200000000000000000000000000000',
  '0100000200000000000000000000000000000000',
])('%s is nothing that setcap could give', (hex) => {
  expect(describeCapabilities(hex)).toBeUndefined();
});

test('a name cannot add to the unit', () => {
  const unit = renderCapabilityUnit(
    [{ path: 'usr/bin/a "b\\$c%d', capabilities: 'cap_net_raw=ep' }],
    'usr/sbin/setcap',
  );
  expect(unit).toContain(String.raw`ExecStart=-/usr/sbin/setcap -q "cap_net_raw=ep" "/usr/bin/a \"b\\$$c%%d"`);
});
