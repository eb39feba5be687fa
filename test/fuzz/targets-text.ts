/** Texts from outside: what nodes report, lists of hosts, addresses, and what programs print that we read. */
import { deepEqual } from 'node:assert/strict';
import { parse } from 'node:querystring';

import { parseListeners } from '../../src/host/listeners.ts';
import { parseXattrs } from '../../src/host/xattrs.ts';
import { parseDurationMs } from '../../src/model/duration.ts';
import { parseIpv4, parseIpv4Interface, parseIpv4Range } from '../../src/model/ipv4.ts';
import { LayerUser } from '../../src/model/image-users.ts';
import { macFromBytes, macToBytes, parseMac } from '../../src/model/mac.ts';
import { parseSerial } from '../../src/model/serial.ts';
import { planAccounts } from '../../src/plan/accounts.ts';
import { parseAptSources } from '../../src/plan/apt-sources.ts';
import { readHoldReport } from '../../src/plan/hold-report.ts';
import { compressHostlist, expandHostlist } from '../../src/plan/hostlist.ts';
import { parseDrivers } from '../../src/plan/module-alias.ts';
import { parseInstalled, parseOffers, renderStatus } from '../../src/plan/package-lock.ts';
import { holdPinned } from '../../src/plan/updates.ts';
import { readHeartbeat, readPhase, readTokenRequest } from '../../src/serve/node-reports.ts';
import { decodeRootAct, encodeRootAct } from '../../src/wire/root-act.ts';
import { latin1, parsed, promise, refused, sizeName, utf8, type FuzzTarget } from './target.ts';

const texts = (...lines: string[]) => lines.map((line) => Uint8Array.from(Buffer.from(line)));

const boot = { overlaySha256: 'c'.repeat(64) } as Parameters<typeof readPhase>[2];

const reports: FuzzTarget = {
  name: 'node-reports',
  seeds: () =>
    texts(
      `phase=overlay&digest=${boot.overlaySha256}&uptime=3.25&agent=yes`,
      'phase=ready&uptime=12&load=0.5&temperature=41.2&wait=8&digest=none&detail=a+b',
      'mac=dc:a6:32:00:00:02&serial=1aa2bb31&board=pi4&model=Raspberry Pi 4&memory=8192&port=sw1 3',
      `serial=1aa2bb31&mac=dc:a6:32:00:00:02&nonce=${'0'.repeat(32)}`,
    ),
  words: [
    'phase=',
    'kernel',
    'ready',
    'failed',
    '&',
    '=',
    '%00',
    '%1b',
    'mac=',
    'port=',
    '%0a',
    'uptime=',
    'load=',
    'wait=',
    'detail=',
    '__proto__=',
  ],
  maxBytes: 4096,
  run: (bytes) => {
    const body = parse(utf8(bytes), '&', '=', { maxKeys: 10 });
    const read = [
      readPhase(body, 'initramfs', boot),
      readPhase(body, 'system', boot),
      readHeartbeat(body),
      readTokenRequest(body),
    ];
    const held = readHoldReport(body);
    promise(!steers(held?.facts), 'a hold boot steers a terminal');
    for (const answer of read) {
      promise(!steers(answer), 'a detail steers a terminal');
      const length = JSON.stringify(answer).length;
      promise(length < 4000, `a report of ${length} characters`);
    }
    return `${read.map((answer) => answer.kind).join(' ')} ${sizeName(Object.keys(held?.facts ?? {}).length)}`;
  },
};

/** Line ends and tabs may be in a text of several lines. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;

/** JSON would escape some of them. */
function steers(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.values(value).some(steers);
  return typeof value === 'string' && controls.test(value);
}

const hosts: FuzzTarget = {
  name: 'hostlist',
  seeds: () => texts('node[01-08,10],head', 'rack[1-2]-node[01-03]', 'a,b', 'n[1-9999]'),
  words: ['[1-9999]', '[', ']', ',', '-', '[01-08]', '999999999', 'node', '[1,'],
  maxBytes: 1000,
  // A few bytes are 10,000 names, and as much garbage again.
  wholeBytes: 10_000,
  run: (bytes) => {
    const names = parsed(() => expandHostlist(latin1(bytes)));
    if (names === undefined) return refused;
    promise(names.length <= 10_000, `${names.length} names`);
    if (names.length > 200 || names.some((name) => /[[\],]/.test(name) || name === '')) return 'many';
    const short = compressHostlist(names);
    if (short.length > 64 * 1024) return 'long';
    deepEqual(new Set(expandHostlist(short)), new Set(names), 'it does not survive its own compressing');
    return `${sizeName(names.length)} ${sizeName(short.length)}`;
  },
};

const identifiers: FuzzTarget = {
  name: 'identifiers',
  seeds: () =>
    texts('10.42.0.1', '10.42.0.1/24', '10.42.0.200-10.42.0.239', 'DC-A6-32-01-02-03', '0x100000009ffefdef', '5m'),
  words: ['.', '/', '-', ':', '255', '0', '33', 's', ' '],
  maxBytes: 200,
  run: (bytes) => {
    const text = latin1(bytes);
    const mac = parsed(() => parseMac(text));
    if (mac !== undefined) promise(macFromBytes(macToBytes(mac)) === mac, 'a MAC does not survive its bytes');
    const range = parsed(() => parseIpv4Range(text));
    const read = [mac, range, parsed(() => parseIpv4(text)), parsed(() => parseIpv4Interface(text))];
    const others = [parsed(() => parseSerial(text)), parsed(() => parseDurationMs(text))];
    return [...read, ...others].map((value) => value !== undefined).join(' ');
  },
};

const printed: FuzzTarget = {
  name: 'printed',
  seeds: () =>
    texts(
      'udp UNCONN 0 0 0.0.0.0%eth0:67 0.0.0.0:* users:(("dnsmasq",pid=612,fd=4))\n',
      'alias of:N*T*Cbrcm,bcm2711-genet-v5 genet\nalias pci:v00001DE4d00000001sv*sd* rp1\n',
      "'http://mirror.example/a_1%3a2-1_arm64.deb' a_1%3a2-1_arm64.deb 100 SHA256:00\n",
      'Package: a\nStatus: install ok installed\nVersion: 1\nArchitecture: arm64\n\nPackage: b\n',
      '# file: usr/bin/ping\\012\nsecurity.capability=0x0100\ntrusted.overlay.origin=0x00\n\n# file: b\nuser.x=0x\n',
    ),
  words: [
    '# file: ',
    '\\303',
    '=0x',
    'security.',
    'trusted.overlay.opaque',
    '__proto__',
    'users:(("',
    '",pid=',
    '%',
    '%3a',
    '\n',
    '\n\n',
    ' ',
    'Status: ',
    ' installed',
    'alias ',
    'of:N',
    'T*C',
    ':',
  ],
  maxBytes: 1500,
  run: (bytes) => {
    const text = utf8(bytes);
    const { modules, builtin } = parseDrivers({ alias: text, builtinModinfo: text });
    const counts = [
      parseListeners(text).length,
      modules.size,
      builtin.size,
      parsed(() => parseOffers(text))?.length ?? 0,
      parseInstalled(text).length,
      ...attributesIn(text),
    ];
    return counts.map(sizeName).join(' ');
  },
};

function attributesIn(text: string): number[] {
  const files = [...parseXattrs(text).values()];
  promise(
    files.every((xattrs) => Object.values(xattrs).every((value) => /^[0-9a-f]*$/.test(value))),
    'a value of an attribute is not hexadecimal',
  );
  return [files.length];
}

/** Files of a base that somebody else made: its apt sources, what dpkg has installed, its accounts. */
const baseTexts: FuzzTarget = {
  name: 'base-texts',
  seeds: () =>
    texts(
      'deb [arch=arm64 signed-by=/etc/apt/keyrings/a.gpg] http://a.example/debian trixie main contrib # note\n',
      'Types: deb deb-src\nURIs: http://a.example/ http://b.example/\nSuites: trixie\nComponents: main\n more\n\nEnabled: no\n',
      'Package: a\nStatus: install ok installed\nVersion: 1\n\nPackage: b\nStatus: deinstall ok config-files\n',
      'root:x:0:0:root:/root:/bin/bash\nvideo:x:44:pi,ada\nada:x:1000:1000::/home/ada:/bin/sh\n',
    ),
  words: [
    'deb ',
    '[',
    ']',
    'signed-by=/',
    'http://',
    ' ',
    '\n',
    '\n\n',
    '\n ',
    'URIs:',
    'Suites:',
    'Package: ',
    ':',
    '::',
    ',',
    '#',
  ],
  maxBytes: 1500,
  run: (bytes) => {
    const text = utf8(bytes);
    const sources = ['x.list', 'x.sources'].flatMap((name) => parseAptSources([{ name, text }], () => true));
    promise(
      sources.every(({ uri, suites }) => !/[\n ]/.test([uri, ...suites].join(''))),
      'a source breaks out of its line of sources.list',
    );
    const status = renderStatus([], text);
    promise(renderStatus([], status) === status, 'a status does not stay as it is');
    const held = holdPinned(status, ['a', 'b+']);
    const account = LayerUser.parse({ name: 'ada' });
    const files = { passwd: text, group: text, shadow: text, gshadow: text };
    const asked = { layer: 'x', users: [account], groups: [] };
    const plan = parsed(() => planAccounts(asked, files, { users: {}, groups: {} }));
    if (plan !== undefined) {
      const again = planAccounts(asked, plan.files, { users: {}, groups: {} });
      promise(again.files.passwd === plan.files.passwd, 'an account changes when it is made again');
    }
    return [sources.length, status.length, held.length, plan?.files.passwd.length ?? 0].map(sizeName).join(' ');
  },
};

const of = '"name":"small","version":"20261121.1"';

const rootActs: FuzzTarget = {
  name: 'root-act',
  seeds: () =>
    texts(
      '{"act":"sweep-roots"}',
      '{"act":"keep-share","share":"home"}',
      `{"act":"remove-tree","node":"node01",${of}}`,
      '{"act":"nfs-status","server":"kernel"}',
      `{"act":"export","server":"ganesha","exports":[{"id":1,"tree":{"kind":"image",${of}},"clients":["10.42.0.11"]}]}`,
      '{"act":"export","server":"ganesha","exports":[{"id":2,"tree":{"kind":"share","share":"home"},"clients":["10.42.0.11"]}]}',
    ),
  words: [
    '"act":',
    '"make-tree"',
    '"../"',
    '/',
    '..',
    '"__proto__":',
    '"kind":"persistent"',
    '\\u0000',
    '{',
    '}',
    '[',
    ']',
  ],
  maxBytes: 2000,
  run: (bytes) => {
    const act = parsed(() => decodeRootAct(utf8(bytes)));
    if (act === undefined) return refused;
    promise(!JSON.stringify(act).includes('/'), 'an act names a path');
    deepEqual(decodeRootAct(encodeRootAct(act)), act, 'it does not survive its own encoding');
    return 'exports' in act ? `${act.act} ${sizeName(act.exports.length)}` : act.act;
  },
};

export const textTargets = [reports, hosts, identifiers, printed, baseTexts, rootActs];
