/** docs/reference/ is true to the code: its examples are accepted, every key and every command stands in it. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, test } from 'vitest';

import { parseYaml } from '../../src/host/yaml-file.ts';
import { Cluster } from '../../src/model/cluster.ts';
import { ImageSpec } from '../../src/model/image-spec.ts';
import { knownKeys } from '../../src/model/known-keys.ts';
import { NodeList } from '../../src/model/node.ts';
import { OverlaySpec } from '../../src/model/overlay-spec.ts';
import { checkCluster } from '../../src/plan/check-cluster.ts';
import { commandPaths, runHere } from '../support/command-line.ts';
import { sampleView } from '../support/sample-view.ts';

const readPage = (name: string) => readFile(path.resolve(import.meta.dirname, '../../docs/reference', name), 'utf8');

const pages = [
  {
    page: 'cluster.yaml.md',
    schema: Cluster,
    blocks: [
      [],
      ['network'],
      ['roles', 'x'],
      ['shares', 0],
      ['secrets', 'x'],
      ['switches', 'x'],
      ['checks', 'x'],
      ['slurm'],
      ['api'],
      ['ports'],
    ],
  },
  { page: 'nodes.yaml.md', schema: NodeList, blocks: [[0], [0, 'power']] },
  {
    page: 'image.yaml.md',
    schema: ImageSpec,
    blocks: [
      [],
      ['base'],
      ['base', 'apt'],
      ['base', 'image'],
      ['base', 'oci'],
      ['layers', 0],
      ['layers', 0, 'users', 0],
      ['layers', 0, 'groups', 0],
      ['layers', 0, 'units'],
      ['kernel'],
      ['initramfs'],
    ],
  },
  { page: 'overlay.yaml.md', schema: OverlaySpec, blocks: [[], ['needs'], ['files', 'x'], ['units']] },
];

describe.each(pages)('$page', ({ page, schema, blocks }) => {
  test('has an example that is accepted', async () => {
    const example = /```yaml\n([^]*?)```/.exec(await readPage(page))?.[1];

    expect(() => parseYaml(example ?? '', page, schema)).not.toThrow();
  });

  test('names every key', async () => {
    const code = [...(await readPage(page)).matchAll(/`([^`\n]+)`/g)].map((match) => match[1] ?? '');
    const words = new Set(code.flatMap((text) => text.split(/\W+/)));
    const keys = blocks.flatMap((block) => knownKeys(schema, block));

    expect(keys.length).toBeGreaterThan(5);
    expect(keys.filter((key) => !words.has(key))).toEqual([]);
  });
});

test('the example of cluster.yaml contradicts nothing', async () => {
  const example = /```yaml\n([^]*?)```/.exec(await readPage('cluster.yaml.md'))?.[1] ?? '';
  const { overlays } = sampleView();
  const images = new Map([['debian-lite', { boards: undefined }]]);

  expect(checkCluster(parseYaml(example, 'cluster.yaml', Cluster).value, { overlays, images })).toEqual([]);
});

/** Written by this test: "npx vitest run --project unit test/cli/reference.test.ts -u" brings it up to date. */
test('commands.md has the help of every command', async () => {
  const helps = await Promise.all(
    (await commandPaths()).map(async (words) => {
      const { out } = await runHere([...words, '--help']);
      return `## pi-image ${words.join(' ')}\n\n\`\`\`\n${out.trim()}\n\`\`\`\n`;
    }),
  );
  const intro =
    'The help of each command. `--config`, `--state`, `--runtime`, selectors, formats and exit codes: [command line](command-line.md).';

  await expect(`# All commands\n\n${intro}\n\n${helps.join('\n')}`).toMatchFileSnapshot(
    '../../docs/reference/commands.md',
  );
});
