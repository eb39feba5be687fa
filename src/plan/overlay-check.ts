/** May overlays that were edited be taken? Not when a template is none, or when a node that had its files would have them no more. */
import { ConfigError, PiImageError } from '../model/errors.ts';
import type { NodeSpec } from '../model/node.ts';
import type { OverlaySource } from '../model/overlay-source.ts';
import type { ClusterView } from '../model/view.ts';
import { imageName } from './check-cluster-roles.ts';
import { chooseImage } from './choose-image.ts';
import { renderOverlays } from './overlay.ts';
import { checkTemplate } from './overlay-text.ts';
import { standInSecrets } from './stand-ins.ts';

/**
 * In pieces, one node each: a thousand of them are not rendered in one turn.
 * @throws ConfigError that names the file, and the node for which it cannot be rendered
 */
export function* refuseBrokenOverlays(before: ClusterView, now: ClusterView): Generator<void> {
  const changed = [...now.overlays.values()].filter((overlay) => before.overlays.get(overlay.name) !== overlay);
  for (const overlay of changed) checkTemplates(overlay);
  const names = new Set(changed.map(({ name }) => name));
  const hasChanged = ({ role }: NodeSpec) => now.cluster.roles[role]?.overlays.some((name) => names.has(name)) ?? false;
  for (const node of now.nodes.filter(hasChanged)) {
    const broken = whyBroken(node, now);
    if (broken !== undefined && whyBroken(node, before) === undefined) throw broken;
    yield;
  }
}

function checkTemplates({ name, files }: OverlaySource): void {
  for (const file of files) {
    if (file.kind !== 'file' || !file.isTemplate) continue;
    checkTemplate({ key: file, source: `overlays/${name}/files/${file.path}.hbs` });
  }
}

/** What has nothing to do with its files, such as an image that is not built, is no reason here. */
function whyBroken(node: NodeSpec, view: ClusterView): PiImageError | undefined {
  const reference = view.cluster.roles[node.role]?.image ?? '';
  if (!view.images.has(imageName(reference))) return undefined;
  try {
    renderOverlays({ node, view, manifest: chooseImage(reference, view.images), secrets: standInSecrets(node, view) });
    return undefined;
  } catch (error) {
    if (!(error instanceof PiImageError)) throw error;
    return new ConfigError(`${node.name}: ${error.message}`, {
      cause: error.cause,
      ...(error.hint !== undefined && { hint: error.hint }),
    });
  }
}
