/** Prometheus as docs/monitoring.md sets it up: its tools accept every example, and it finds service and nodes. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { requestOk } from '../../src/cli/api-client.ts';
import { renderYaml } from '../../src/host/yaml-file.ts';
import type { ImageManifest } from '../../src/model/manifest.ts';
import { docsBlocks } from '../support/docs-blocks.ts';
import { boardQuestions } from '../support/grafana-board.ts';
import { pipe } from '../support/pipe-text.ts';
import { boardAddress, boardNode, ServeFixture } from '../support/serve-fixture.ts';

const site = new ServeFixture();
let folder = '';

/** As on the page, but for where its files lie. */
async function writeExamples(): Promise<{ configs: string[]; rules: string }> {
  const blocks = await docsBlocks('monitoring.md', 'yaml');
  const [first = '', second = ''] = blocks.filter((block) => block.includes('scrape_configs:'));
  const rulesText = blocks.find((block) => block.startsWith('groups:')) ?? '';
  const rules = path.join(folder, 'pi-image-rules.yml');
  await writeFile(rules, rulesText);
  const configs = [first, second].map((text) => text.replaceAll('/etc/prometheus', folder).replace('15s', '1s'));
  const files = configs.map((_, index) => path.join(folder, `config${index}.yml`));
  await Promise.all(configs.map((text, index) => writeFile(files[index] ?? '', text)));
  return { configs: files, rules };
}

/** What the kernel of a Pi 4 shows of heat and voltage. */
async function writePiSysfs(): Promise<void> {
  const files = {
    'class/thermal/thermal_zone0/type': 'cpu-thermal',
    'class/thermal/thermal_zone0/policy': 'step_wise',
    'class/thermal/thermal_zone0/temp': '48312',
    'class/hwmon/hwmon1/name': 'rpi_volt',
    'class/hwmon/hwmon1/in0_lcrit_alarm': '1',
  };
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, 'sys', name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, `${text}\n`);
  }
}

/** Before the first service starts, which signs what is there. */
async function addExporterToImage(): Promise<void> {
  const file = path.join(site.dir, 'state/exports/images/small/20261121.1/manifest.json');
  const manifest = JSON.parse(await readFile(file, 'utf8')) as ImageManifest;
  const packages = [...manifest.packages, { name: 'prometheus-node-exporter', version: '1', architecture: 'arm64' }];
  await writeFile(file, JSON.stringify({ ...manifest, packages }));
}

beforeAll(async () => {
  await site.open();
  await addExporterToImage();
  folder = path.join(site.dir, 'prometheus');
  await mkdir(folder);
  const service = await site.serve('--no-time');
  await service.line(/part\.ready part=api-tcp/);
  await requestOk(site.socket, 'PUT', '/nodes', [{ ...boardNode, vars: { rack: 'a' } }]);
  await site.command('token', 'create', 'prometheus', '--scope', 'read', '--out', path.join(folder, 'pi-image.token'));
  await site.onBoard('ip', 'address', 'add', `${boardAddress}/24`, 'dev', 'end0');
  await writePiSysfs();
  const flags = [`--web.listen-address=${boardAddress}:9100`, `--path.sysfs=${folder}/sys`];
  const exporter = site.net.start('board', ['prometheus-node-exporter', ...flags]);
  await exporter.line(/Listening on/);
}, 120_000);
afterAll(() => site.close(), 60_000);

test('promtool accepts both configurations and the alerts', async () => {
  const { configs, rules } = await writeExamples();

  for (const config of configs) {
    expect(await pipe(['promtool', 'check', 'config', config], '')).toMatchObject({
      code: 0,
      said: expect.stringContaining('SUCCESS'),
    });
  }
  expect(await pipe(['promtool', 'check', 'rules', rules], '')).toMatchObject({
    code: 0,
    said: expect.stringContaining('7 rules found'),
  });
});

test('promtool understands every question of the board for Grafana', async () => {
  const rules = boardQuestions().map((expr, index) => ({ record: `board:question:${index}`, expr }));
  const file = path.join(folder, 'board.yml');
  const check = async (all: typeof rules) => {
    await writeFile(file, renderYaml({ groups: [{ name: 'board', rules: all }] }));
    return pipe(['promtool', 'check', 'rules', file], '');
  };

  expect(await check(rules)).toMatchObject({ code: 0, said: expect.stringContaining(`${rules.length} rules found`) });
  expect((await check([{ record: 'a', expr: 'sum(' }])).code).not.toBe(0);
});

test('Prometheus finds the service and the node, with the labels of the page', async () => {
  const { configs } = await writeExamples();
  const [config = ''] = configs;
  // The second example's labels, beside the first one's jobs.
  const relabel = (await readFile(configs[1] ?? '', 'utf8')).split(/^ {4}relabel_configs:\n/m)[1] ?? '';
  await writeFile(
    config,
    `${await readFile(config, 'utf8')}    relabel_configs:\n${relabel.replaceAll('new|refused', 'refused')}`,
  );
  const flags = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${folder}/data`,
    '--web.listen-address=127.0.0.1:9090',
  ];
  const prometheus = site.net.start('storage', ['prometheus', ...flags]);
  await prometheus.line(/Server is ready/);
  const ask = async (query: string): Promise<unknown> => {
    const answer = await site.net.run('storage', [
      'curl',
      '-sSG',
      '--data-urlencode',
      `query=${query}`,
      'http://127.0.0.1:9090/api/v1/query',
    ]);
    const { data } = JSON.parse(answer) as {
      data: { result: { metric: Record<string, string>; value: [number, string] }[] };
    };
    return data.result.map(({ metric, value }) => Object.assign(metric, { value: value[1] }));
  };
  const patience = { timeout: 30_000, interval: 500 };

  await expect
    .poll(() => ask('up'), patience)
    .toEqual(
      expect.arrayContaining([
        { __name__: 'up', job: 'pi-image', instance: '127.0.0.1:8443', value: '1' },
        {
          __name__: 'up',
          job: 'node',
          instance: 'node01',
          node: 'node01',
          role: 'compute',
          board: 'pi4',
          rack: 'a',
          value: '1',
        },
      ]),
    );
  // What the one tells of a node can be asked together with what the other does.
  await expect
    .poll(() => ask('pi_image_node_up * on (node) group_left () up{job="node"}'), patience)
    .toMatchObject([{ node: 'node01', value: '0' }]);
  await expect
    .poll(() => ask('node_thermal_zone_temp'), patience)
    .toMatchObject([{ node: 'node01', type: 'cpu-thermal', value: '48.312' }]);
  expect(await ask('node_hwmon_in_lcrit_alarm_volts > 0')).toMatchObject([{ node: 'node01' }]);
  await prometheus.stop();
});
