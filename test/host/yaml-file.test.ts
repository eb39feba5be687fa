/** What people get wrong in YAML, and the sentence they get for it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import * as fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';

import { parseYaml, readYamlFile, renderYaml } from '../../src/host/yaml-file.ts';
import { Cluster } from '../../src/model/cluster.ts';
import { PiImageError } from '../../src/model/errors.ts';
import { ImageSpec } from '../../src/model/image-spec.ts';
import { NodeList } from '../../src/model/node.ts';
import { OverlaySpec } from '../../src/model/overlay-spec.ts';

type Schema = Parameters<typeof parseYaml>[2];

/** The lines of the error, without the count of problems, and its hint. */
function complaints(text: string, file: string, schema: Schema): { lines: string[]; hint: string | undefined } {
  try {
    parseYaml(text, file, schema);
  } catch (error) {
    if (!(error instanceof PiImageError)) throw error;
    return { lines: error.message.replace(/^\d+ problems\n/, '').split('\n'), hint: error.hint };
  }
  return { lines: [], hint: undefined };
}

const network = 'network: { interface: eth0, address: 10.42.0.1/24, pool: 10.42.0.200-10.42.0.239 }';

/** A right cluster.yaml with `text` in the place of its roles. */
const withRoles = (text: string) => `cluster: plum\n${network}\n${text}\n`;

describe('cluster.yaml', () => {
  test('a right one is read with its defaults', () => {
    const { value, place } = parseYaml(withRoles('roles:\n  compute:\n    image: debian-lite'), 'c.yaml', Cluster);

    expect(value.roles['compute']).toMatchObject({ image: 'debian-lite', root: 'shared', overlays: [] });
    expect(value.network.pool).toEqual({ first: '10.42.0.200', last: '10.42.0.239' });
    expect(value.ports.http).toBe(80);
    expect(place(['roles', 'compute', 'image'])).toEqual({ file: 'c.yaml', line: 5, key: 'roles.compute.image' });
  });

  test('anchors and merge keys spare repetition', () => {
    const text = withRoles('roles:\n  a: &a { image: x, overlays: [base] }\n  b: { <<: *a, overlays: [ssh] }');

    expect(parseYaml(text, 'c.yaml', Cluster).value.roles['b']).toMatchObject({ image: 'x', overlays: ['ssh'] });
  });

  test.each([
    ['rols: {}', 'c.yaml:3: rols: unknown key "rols"; did you mean roles?', 'Write roles instead of rols.'],
    [
      'roles: { a: { image: x, overlay: [] } }',
      'c.yaml:3: roles.a.overlay: unknown key "overlay"; did you mean overlays?',
    ],
    [
      'roles: { a: { image: x, root: sqaush } }',
      'c.yaml:3: roles.a.root: "sqaush" is not one of: shared, squash, ram, persistent',
    ],
    ['roles: { a: {} }', 'c.yaml:3: roles.a.image: is missing; a text is wanted here'],
    ['roles:', 'c.yaml:3: roles: has no value; a block of names is wanted here', 'Give it a value or remove the key.'],
    ['roles: []', 'c.yaml:3: roles: a block of names is wanted here, not a list'],
    [
      'roles: { Compute: { image: x } }',
      'c.yaml:3: roles.Compute: "Compute" is not a name of lower-case letters, digits, "-", "_" and ".", at most 64',
    ],
    [
      'roles: { a: { image: x, overlays: base } }',
      'c.yaml:3: roles.a.overlays: a list is wanted here, not the text "base"',
    ],
    [
      'roles: { a: { image: x, deadline: 5 minutes } }',
      'c.yaml:3: roles.a.deadline: "5 minutes" is not a duration',
      'Write a number and s, m or h, for example 5m.',
    ],
    [
      'roles: { a: { image: x, kernelArguments: ["quiet splash"] } }',
      'c.yaml:3: roles.a.kernelArguments[0]: "quiet splash" is not one kernel argument without spaces, for example quiet or isolcpus=3',
    ],
    [
      'roles: { a: { image: x } }\nports: { http: 70000 }',
      'c.yaml:4: ports.http: 70000 is out of bounds: at most 65535 is wanted',
    ],
    [
      'roles: { a: { image: x } }\nports: { http: "80" }',
      'c.yaml:4: ports.http: a number is wanted here, not the text "80"',
      'Remove the quotes.',
    ],
    ['roles: { a: { image: x } }\nsecrets: { key: {} }', 'c.yaml:4: secrets.key: write one of: generateBytes, file'],
    [
      'roles: { a: { image: x } }\nsecrets: { key: { file: etc/key } }',
      'c.yaml:4: secrets.key.file: "etc/key" is not an absolute path without spaces or ".."',
    ],
    [
      'roles: { a: { image: x } }\nsecrets: { key: /etc/key }',
      'c.yaml:4: secrets.key: a block of keys is wanted here, not the text "/etc/key"',
    ],
    [
      'roles: { a: { image: x, vars: { version: 1.10 } } }',
      'c.yaml:3: roles.a.vars.version: 1.10 would be read as the number 1.1',
      'Put it in quotes: "1.10".',
    ],
    [
      'roles: { a: { image: x, vars: { text: "a\\nb" } } }',
      'c.yaml:3: roles.a.vars.text: "a\\nb" is not one line of text: newlines and control characters are not allowed',
    ],
    [
      'roles: { a: { image: x, vars: { list: [1] } } }',
      'c.yaml:3: roles.a.vars.list: a text, a number or true or false is wanted here, not a list',
    ],
    ['roles: { a: { image: x } }\nvars: { __proto__: 1 }', 'c.yaml:4: vars.__proto__: this key is not allowed'],
    [
      'roles: { a: { image: x } }\nshares:\n  - { name: home, path: /srv/../home, mount: /home }',
      'c.yaml:5: shares.home.path: a path must not contain "." or ".." components',
    ],
  ])('%s', (text, line, hint?: string) => {
    const found = complaints(withRoles(text), 'c.yaml', Cluster);

    expect(found.lines).toContain(line);
    if (hint !== undefined) expect(found.hint).toBe(hint);
  });

  test('all problems come at once, in the order of the lines', () => {
    const text = 'cluster: Plum\nnetwork: { interface: eth0, address: 10.42.0.1, pool: x }\nroles: {}\nrole: {}\n';

    expect(complaints(text, 'c.yaml', Cluster).lines).toEqual([
      'c.yaml:1: cluster: "Plum" is not a host name of lower-case letters, digits and "-", at most 63',
      'c.yaml:2: network.address: "10.42.0.1" is not an address with its prefix length (8 to 30)',
      'c.yaml:2: network.pool: "x" is not a range of addresses',
      'c.yaml:4: role: unknown key "role"; did you mean roles?',
    ]);
  });
});

describe('nodes.yaml', () => {
  const node = (identity: string) =>
    `- name: node01\n  ${identity}\n  board: pi5\n  address: 10.42.0.11\n  role: compute\n`;

  test.each([
    [
      'serial: 12345678',
      'n.yaml:2: node01.serial: 12345678 is read as a number, and a text is wanted here',
      'Put it in quotes: "12345678".',
    ],
    [
      'serial: 0123e456',
      'n.yaml:2: node01.serial: 0123e456 is read as a number, and a text is wanted here',
      'Put it in quotes: "0123e456".',
    ],
    [
      'serial: 0x12345678',
      'n.yaml:2: node01.serial: 0x12345678 is read as a number, and a text is wanted here',
      'Put it in quotes: "0x12345678".',
    ],
    [
      'serial: 9ffe',
      'n.yaml:2: node01.serial: "9ffe" is not a board serial number',
      'Write 8 or 16 hex digits as /proc/cpuinfo shows them, for example 9ffefdef, in quotes.',
    ],
    [
      'mac: 2c:cf:67',
      'n.yaml:2: node01.mac: "2c:cf:67" is not a MAC address',
      'Write six pairs, for example dc:a6:32:01:02:03.',
    ],
    [
      'vars: {}',
      'n.yaml:1: node01: a node needs a serial or a mac (or both), else its board cannot be recognised',
      undefined,
    ],
    ['serial: 9ffefdef\n  board: pi4', 'n.yaml:4: this key stands here twice', 'Remove one of the two.'],
    [
      'srial: 9ffefdef',
      'n.yaml:2: node01.srial: unknown key "srial"; did you mean serial?',
      'Write serial instead of srial.',
    ],
  ])('%s', (identity, line, hint) => {
    const found = complaints(node(identity), 'n.yaml', NodeList);

    expect(found.lines).toContain(line);
    expect(found.hint).toBe(hint);
  });

  test('a board that does not exist is answered with those that do', () => {
    const found = complaints(node('mac: 2c:cf:67:01:02:03').replace('pi5', 'pi6'), 'n.yaml', NodeList);

    expect(found.lines).toEqual(['n.yaml:3: node01.board: "pi6" is not one of: pi3, pi4, pi5, uefi']);
  });

  test('what we write, we read back', () => {
    const nodes = NodeList.parse([
      { name: 'node01', serial: '12345678', board: 'pi5', address: '10.42.0.11', role: 'a', vars: { version: '1.10' } },
      { name: 'node02', serial: '0123e456', board: 'pi4', address: '10.42.0.12', role: 'a' },
    ]);

    expect(parseYaml(renderYaml(nodes), 'n.yaml', NodeList).value).toEqual(nodes);
  });
});

describe('image.yaml and overlay.yaml', () => {
  test.each([
    [
      'base: { root: /srv/root, apt: { suite: trixie } }\nboards: [pi4]',
      'i.yaml:1: base: write only one of: apt, root',
    ],
    ['base: { apt: { suite: bullseye } }\nboards: [pi4]', 'i.yaml:1: base.apt.suite: "bullseye" is not one of: trixie'],
    ['base: { apt: { suite: trixie } }\nboards: []', 'i.yaml:2: boards: at least one entry is wanted here'],
    [
      'base: { apt: { suite: trixie } }\nboards: [pi4]\nlayers:\n  - { name: a, packages: ["x y"] }',
      'i.yaml:4: layers.a.packages[0]: "x y" is not a Debian package name',
    ],
    [
      'base: { apt: { suite: trixie } }\nboards: [pi4]\nlayers:\n  - { name: a }\n  - { name: a }',
      'i.yaml:5: layers.a.name: there are two layers named a',
    ],
  ])('%s', (text, line) => {
    expect(complaints(text, 'i.yaml', ImageSpec).lines).toContain(line);
  });

  test.each([
    [
      'summary: x\nfiles:\n  /etc/x: {}',
      'o.yaml:3: files./etc/x: "/etc/x" is not a path on the node without leading "/"',
    ],
    ['summary: x\nfiles:\n  etc/../x: {}', 'o.yaml:3: files.etc/../x: a path must not contain ".."'],
    [
      'summary: x\nfiles:\n  etc/x: { mode: 0400 }',
      'o.yaml:3: files.etc/x.mode: 0400 is read as a number, and a text is wanted here',
    ],
    [
      'summary: x\nfiles:\n  etc/x: { mode: "0999" }',
      'o.yaml:3: files.etc/x.mode: "0999" is not an octal mode in quotes, for example "0400"',
    ],
    ['summary: x\nunits: { enabled: [a] }', 'o.yaml:2: units.enabled: unknown key "enabled"; did you mean enable?'],
  ])('%s', (text, line) => {
    expect(complaints(text, 'o.yaml', OverlaySpec).lines).toContain(line);
  });
});

describe('what is no YAML', () => {
  test.each([
    ['a:\n\tb: 1\n', /^x.yaml:2: .*[Tt]abs/, 'Replace the tab by spaces.'],
    ['a: 1\na: 2\n', /^x.yaml:2: this key stands here twice$/, 'Remove one of the two.'],
    ['a: b: c\n', /^x.yaml:1: /, 'Put the value in quotes, or start a new line after the first ":".'],
    ['a: @b\n', /^x.yaml:1: /, 'Put the value in quotes.'],
    ['a: 1\n---\nb: 2\n', /^x.yaml:2: /, 'Remove the line "---": one file is one document.'],
    ['a: "b\n', /^x.yaml:2: .*[Mm]issing/, 'Close the quotes or brackets.'],
    ['a: !!python/object:os.system b\n', /^x.yaml:1: .*tag/, undefined],
    ['a: *nothing\n', /^x.yaml cannot be read$/, undefined],
    ['# nothing\n', /^x.yaml is empty$/, undefined],
    ['', /^x.yaml is empty$/, undefined],
  ])('%j', (text, message, hint) => {
    const found = complaints(text, 'x.yaml', Cluster);

    expect(found.lines.join('\n')).toMatch(message);
    expect(found.hint).toBe(hint);
  });

  test('aliases that multiply without end are refused', () => {
    const levels = Array.from(
      { length: 10 },
      (_, n) => `x${n + 1}: &x${n + 1} [${Array(10).fill(`*x${n}`).join(',')}]`,
    );

    expect(complaints(`x0: &x0 [1]\n${levels.join('\n')}\n`, 'x.yaml', Cluster).lines).toEqual([
      'x.yaml cannot be read',
    ]);
  });

  test('any text at all gives a value or an error for people', () => {
    const pieces = fc.constantFrom(
      'a',
      'roles',
      ':',
      ' ',
      '\n',
      '  ',
      '-',
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      '&a',
      '*a',
      '<<: ',
      '!',
      '|',
      '>',
      '?',
      '#',
      '0',
      '\t',
      '\u{1F600}',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
        expect(() => complaints(parts.join(''), 'x.yaml', Cluster)).not.toThrow();
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a file', () => {
  async function inFolder(): Promise<string> {
    const folder = await mkdtemp(path.join(tmpdir(), 'pi-image-yaml-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    return folder;
  }

  test('that is not there comes with the way to one', async () => {
    const file = path.join(await inFolder(), 'cluster.yaml');

    await expect(readYamlFile(file, Cluster, 'Run init.')).rejects.toMatchObject({
      message: `there is no ${file}`,
      hint: 'Run init.',
    });
  });

  test('that is a folder or no text is named', async () => {
    const folder = await inFolder();
    const file = path.join(folder, 'cluster.yaml');
    await writeFile(file, Buffer.from([0x63, 0xff, 0xfe]));

    await expect(readYamlFile(folder, Cluster)).rejects.toThrow(`cannot read ${folder}`);
    await expect(readYamlFile(file, Cluster)).rejects.toThrow(`${file} is not a text in UTF-8`);
  });
});
