/** Boots of the sample cluster in a folder of their own, with a clock that a test turns. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { openDatabase } from '../../src/host/database/open.ts';
import { openFrozenBoots } from '../../src/host/frozen-boots.ts';
import { readSigningKey } from '../../src/host/signing-key.ts';
import { PiImageError } from '../../src/model/errors.ts';
import type { LogFields } from '../../src/model/log.ts';
import type { NodeSpec } from '../../src/model/node.ts';
import type { ClusterView } from '../../src/model/view.ts';
import { chooseImage } from '../../src/plan/choose-image.ts';
import { planGeneration } from '../../src/plan/generation.ts';
import { renderFrozenOverlay } from '../../src/plan/overlay.ts';
import { createBoots } from '../../src/serve/boots.ts';
import { createBootImages } from '../../src/serve/boot-images.ts';
import { createHealth } from '../../src/serve/health.ts';
import type { Desired } from '../../src/serve/site.ts';
import { tokenClaims } from '../../src/serve/token-claims.ts';
import { sampleView } from './sample-view.ts';

export async function sampleBoots(dir?: string, nowMs = 1_800_000_000_000) {
  const stateDir = dir ?? (await mkdtemp(path.join(tmpdir(), 'boots-')));
  const world = { view: sampleView(), nowMs, held: [] as string[] };
  const lines: string[] = [];
  const write = (event: string, fields?: LogFields) => void lines.push(`${event} ${JSON.stringify(fields ?? {})}`);
  const log = { info: write, warn: write };
  const site = { view: () => world.view, desired: (node: NodeSpec) => desired(node, world.view) };
  const database = await openDatabase(stateDir, () => world.nowMs);
  const file = database.boots;
  const ids = new Set(file.current().boots.map(({ generation }) => generation));
  const frozen = await openFrozenBoots(path.join(stateDir, 'boot'), ids);
  const health = createHealth(() => world.nowMs);
  const boots = createBoots({ file, frozen, held: () => world.held, site, health, now: () => world.nowMs, log });
  const claimToken = tokenClaims({ file, frozen, site, now: () => world.nowMs });
  const bootImages = createBootImages({
    dir: path.join(stateDir, 'boot', 'signed'),
    imagesDir: path.join(stateDir, 'images'),
    readKey: () => readSigningKey(path.join(stateDir, 'secrets'), log),
    log,
    signal: AbortSignal.timeout(60_000),
  });
  const remove = async () => {
    await database.close();
    await rm(stateDir, { recursive: true });
  };
  return { stateDir, world, health, lines, log, site, database, file, frozen, boots, claimToken, bootImages, remove };
}

function desired(node: NodeSpec, view: ClusterView): Desired {
  try {
    const generation = planGeneration(node, view);
    const manifest = chooseImage(`${generation.image.name}@${generation.image.version}`, view.images);
    const overlay = renderFrozenOverlay({ node, view, manifest });
    return { kind: 'boots', frozen: { format: 1, generation, overlay } };
  } catch (error) {
    if (error instanceof PiImageError) return { kind: 'refused', reason: error.message };
    throw error;
  }
}
