import { expect, test } from 'vitest';

import { parseYaml } from '../../src/host/yaml-file.ts';
import { ImageSpec } from '../../src/model/image-spec.ts';

const image = (layer: string, more = '') => `base: { root: /srv/root }\nboards: [pi4]\nlayers:\n  - ${layer}\n${more}`;
const read = (text: string) => parseYaml(text, 'i.yaml', ImageSpec).value;

test.each([
  ['{ name: updates }', '', 'i.yaml:4: layers.updates.name: no layer can be named updates'],
  ['{ name: a, users: [{ name: Ada }] }', '', '"Ada" is not an account name of lower-case letters'],
  ['{ name: a, users: [{ name: ada, uid: 65534 }] }', '', 'layers.a.users.ada.uid: 65534'],
  ['{ name: a, users: [{ name: ada, comment: "x:0:0" }] }', '', 'is not text without ":"'],
  ['{ name: a, users: [{ name: ada, passwordHash: secret }] }', '', '"secret" is not a hash as "mkpasswd" prints it'],
  ['{ name: a, inputs: [../x] }', '', '"../x" is not a file or folder beside image.yaml'],
  ['{ name: a, inputs: [/etc] }', '', '"/etc" is not a file or folder beside image.yaml'],
  ['{ name: a, remove: [nano=1] }', '', '"nano=1" is not a Debian package name'],
  ['{ name: a, units: { enable: ["a b"] } }', '', '"a b" is not the name of a systemd unit'],
  ['{ name: a }', 'kernel: { arguments: ["a b"] }', '"a b" is not one kernel argument without spaces'],
  ['{ name: a }', 'initramfs: { modules: [../x] }', '"../x" is not the name of a kernel module'],
  [
    '{ name: a }',
    'diskless: { keep: [fstap] }',
    'i.yaml:5: diskless.keep[0]: there is no rule "fstap"; did you mean fstab?',
  ],
  ['{ name: a }', 'diskless: { keep: [munge-key] }', '"munge-key" cannot be kept: every image needs it'],
  ['{ name: a }', 'diskless: { keeps: [] }', 'unknown key "keeps"; did you mean keep?'],
])('%s %s', (layer, more, complaint) => {
  expect(() => read(image(layer, more))).toThrow(complaint);
});

test('a layer needs no more than a name', () => {
  expect(read(image('{ name: a }')).layers).toEqual([
    {
      name: 'a',
      packages: [],
      remove: [],
      groups: [],
      users: [],
      run: [],
      network: false,
      units: { enable: [], disable: [], mask: [] },
    },
  ]);
});

test('no rule is kept unless it is named', () => {
  expect(read(image('{ name: a }')).diskless).toEqual({ keep: [] });
  expect(read(image('{ name: a }', 'diskless: { keep: [zram, radio] }')).diskless.keep).toEqual(['zram', 'radio']);
});
