/** Rule sets as nft and iptables-save print them, and which of our ports they drop. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { blockedPorts, type Firewall, type ServedPort } from '../../src/plan/firewall.ts';

const ports: readonly ServedPort[] = [
  { protocol: 'udp', port: 67, what: 'addresses' },
  { protocol: 'udp', port: 69, what: 'boot files' },
  { protocol: 'tcp', port: 80, what: 'overlays' },
  { protocol: 'tcp', port: 2049, what: 'roots' },
];
const blocked = (firewall: Firewall) => blockedPorts(firewall, ports, 'eth0').map(({ port }) => port);

const nft = (policy: string, ...rules: readonly string[]) =>
  `table inet filter {\n\tchain input {\n\t\ttype filter hook input priority filter; policy ${policy};\n${rules
    .map((rule) => `\t\t${rule}\n`)
    .join('')}\t}\n\tchain forward {\n\t\ttype filter hook forward priority filter; policy drop;\n\t}\n}\n`;

test.each<[string, string, number[]]>([
  ['nothing is dropped', nft('accept'), []],
  ['all is dropped', nft('drop', 'ct state established,related accept', 'iifname "lo" accept'), [67, 69, 80, 2049]],
  ['ports are let in', nft('drop', 'udp dport { 67, 69 } accept', 'tcp dport 80 accept', 'tcp dport nfs accept'), []],
  ['a range is let in', nft('drop', 'udp dport 60-70 accept'), [80, 2049]],
  ['the interface is let in', nft('drop', 'iifname "eth0" accept'), []],
  ['another interface is let in', nft('drop', 'iifname "wlan0" accept'), [67, 69, 80, 2049]],
  ['one port is dropped', nft('accept', 'udp dport 69 drop'), [69]],
  ['one port is refused', nft('accept', 'tcp dport 2049 reject with tcp reset'), [2049]],
  ['the first rule counts', nft('accept', 'udp dport 69 accept', 'udp dport 69 drop'), []],
  ['one sender is dropped', nft('accept', 'ip saddr 192.0.2.1 drop'), []],
  ['the rest is dropped', nft('accept', 'udp dport { tftp, bootps } accept', 'drop'), [80, 2049]],
])('nft: %s', (_name, text, expected) => {
  expect(blocked({ kind: 'nft', text })).toEqual(expected);
});

const iptables = (policy: string, ...rules: readonly string[]) =>
  `*filter\n:INPUT ${policy} [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n${rules.join('\n')}\nCOMMIT\n`;

test.each<[string, string, number[]]>([
  ['nothing is dropped', iptables('ACCEPT'), []],
  ['all is dropped', iptables('DROP', '-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT'), [67, 69, 80, 2049]],
  [
    'a chain of ufw lets them in',
    iptables(
      'DROP',
      '-A INPUT -j ufw-user-input',
      '-A ufw-user-input -p udp -m multiport --dports 67,69 -j ACCEPT',
      '-A ufw-user-input -i eth0 -p tcp -m tcp --dport 80 -j ACCEPT',
    ),
    [2049],
  ],
  ['a range is dropped', iptables('ACCEPT', '-A INPUT -p udp -m udp --dport 60:70 -j DROP'), [67, 69]],
  [
    'the rest is refused',
    iptables('ACCEPT', '-A INPUT -i eth0 -j REJECT --reject-with icmp-port-unreachable'),
    [67, 69, 80, 2049],
  ],
])('iptables: %s', (_name, text, expected) => {
  expect(blocked({ kind: 'iptables', text })).toEqual(expected);
});

test('whatever is printed, it is read', () => {
  const word = fc.constantFrom(
    'chain',
    'hook input',
    'policy drop',
    'udp dport',
    '{',
    '}',
    '67',
    'drop',
    'accept',
    '\n',
    '-A INPUT',
    '-j DROP',
    '--dport',
  );
  fc.assert(
    fc.property(fc.constantFrom('nft' as const, 'iptables' as const), fc.array(word), (kind, words) => {
      expect(blockedPorts({ kind, text: words.join(' ') }, ports, 'eth0').length).toBeLessThanOrEqual(ports.length);
    }),
  );
});
