/** The overlays that ship, on the sample cluster. */
import path from 'node:path';

import { readOverlays } from '../../src/host/config-files.ts';
import type { ClusterView } from '../../src/model/view.ts';
import { sampleView } from './sample-view.ts';

const projectRoot = path.resolve(import.meta.dirname, '../..');

export async function shippedView(changes: Partial<ClusterView> = {}): Promise<ClusterView> {
  return sampleView({ overlays: await readOverlays([projectRoot]), ...changes });
}
