import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import express from 'express';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { parseIpv4 } from '../../src/model/ipv4.ts';
import { rootModes, type RootMode } from '../../src/model/root-mode.ts';
import type { NodeSpec } from '../../src/model/node.ts';
import type { ClusterView } from '../../src/model/view.ts';
import { rootRoutes } from '../../src/serve/http-root.ts';
import { sendLimits } from '../../src/serve/http-sends.ts';
import { sampleBoots } from '../support/sample-boots.ts';
import { sampleCluster, sampleClusterInput, sampleManifest, sampleNode, sampleView } from '../support/sample-view.ts';
import { startHttp } from '../support/start-http.ts';

const squashfs = Buffer.alloc(3_000_000, 'squashfs');
const sha256 = createHash('sha256').update(squashfs).digest('hex');
/** The peer of a test is this machine. */
const here: NodeSpec = { ...sampleNode('node01'), address: parseIpv4('127.0.0.1') };

function viewOf(root: RootMode, digest = sha256): ClusterView {
  const compute = { ...sampleClusterInput.roles.compute, root };
  const cluster = sampleCluster({ roles: { ...sampleClusterInput.roles, compute } });
  const images = new Map([['debian-lite', [sampleManifest({ rootModes: [...rootModes] })]]]);
  const squashes = new Map([['debian-lite@20261121.1', { sha256: digest, sizeBytes: squashfs.length }]]);
  const view = sampleView({ cluster, images, nodes: [here], roots: { squashes, trees: new Map() } });
  const cmdlineTxt = '{{#if root.mode}}pi_image.mode={{root.mode}} {{/if}}pi_image.token={{token}}';
  const templates = [...view.boardTemplates].map(([board, each]) => [board, { ...each, cmdlineTxt }] as const);
  return { ...view, boardTemplates: new Map(templates) };
}

let sample: Awaited<ReturnType<typeof sampleBoots>>;
let url: string;
let stop: () => Promise<void>;
beforeEach(async () => {
  sample = await sampleBoots();
  const squashDir = path.join(sample.stateDir, 'squash');
  const folder = path.join(squashDir, 'debian-lite', '20261121.1');
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'root.squashfs'), squashfs);
  const handler = express();
  rootRoutes(handler, { ...sample, squashDir, sendLimits });
  const server = await startHttp(handler);
  url = `http://127.0.0.1:${server.port}/boot/v1/root.squashfs`;
  ({ stop } = server);
});
afterEach(async () => {
  await stop();
  await sample.remove();
});

async function begin(view: ClusterView): Promise<string> {
  sample.world.view = view;
  await sample.boots.arrive(here, 'm', 'discover');
  return sample.boots.all().at(-1)?.token ?? 'none';
}
const get = (token?: string, headers: Record<string, string> = {}) =>
  fetch(url, { headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers } });

test('a node in the mode ram gets its root, whole or from where it broke off', async () => {
  const token = await begin(viewOf('ram'));
  const answer = await get(token);

  expect(Buffer.from(await answer.arrayBuffer()).equals(squashfs)).toBe(true);
  expect(answer.headers.get('etag')).toBe(`"${sha256}"`);
  const rest = await get(token, { range: 'bytes=2999000-' });
  expect([rest.status, (await rest.arrayBuffer()).byteLength]).toEqual([206, 1000]);
  expect(sample.boots.all()[0]?.bytes).toBe(squashfs.length + 1000);
});

describe('is refused', () => {
  test.each([undefined, 'x'.repeat(43)])('to whoever has the token %s', async (token) => {
    await begin(viewOf('ram'));

    expect((await get(token)).status).toBe(403);
  });

  test.each(['shared', 'squash'] as const)('to a node in the mode %s', async (mode) => {
    const answer = await get(await begin(viewOf(mode)));

    expect([answer.status, await answer.text()]).toEqual([404, 'node01 has no root in memory\n']);
  });

  test('when it is not the one that the boot began with', async () => {
    const token = await begin(viewOf('ram'));
    sample.world.view = viewOf('ram', 'b'.repeat(64));

    const answer = await get(token);

    expect([answer.status, await answer.text()]).toEqual([
      404,
      'the squashfs of debian-lite@20261121.1 that this boot began with is gone\n',
    ]);
  });
});
