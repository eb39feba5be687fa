import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { describe, expect, test } from 'vitest';

import { addToYamlList } from '../../src/host/yaml-file.ts';

describe('an entry that is added to a list', () => {
  const entry = { name: 'new', run: ['./new.sh'] };
  test.each([
    [
      'leaves comments, spelling and what follows',
      '# mine\nlayers:\n  - { name: a,  packages: [x] } # first\n  # second\n  - name: b\n    run: [./b.sh]\n\n# boards\nboards: [pi4]\n',
      '# mine\nlayers:\n  - { name: a,  packages: [x] } # first\n  # second\n  - name: b\n    run: [./b.sh]\n  - name: new\n    run:\n      - ./new.sh\n\n# boards\nboards: [pi4]\n',
    ],
    [
      'stands as far left as the others',
      'layers:\n- name: a',
      'layers:\n- name: a\n- name: new\n  run:\n    - ./new.sh\n',
    ],
    ['makes the list', 'boards: [pi4]\n', 'boards: [ pi4 ]\nlayers:\n  - name: new\n    run:\n      - ./new.sh\n'],
    ['fills an empty one', 'layers: []\n', 'layers:\n  - name: new\n    run:\n      - ./new.sh\n'],
  ])('%s', async (_name, text, expected) => {
    const dir = await mkdtemp(path.join(tmpdir(), 'yaml-list-'));
    const file = path.join(dir, 'image.yaml');
    await writeFile(file, text);
    await addToYamlList(file, 'layers', entry);
    expect(await readFile(file, 'utf8')).toBe(expected);
    await rm(dir, { recursive: true });
  });
});
