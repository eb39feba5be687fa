/** Overlays as people look at them: which there are, who has them, what each needs and brings. */
import { didYouMean } from '../model/nearest.ts';
import { NotFoundError } from '../model/errors.ts';
import { secretsOf, type OverlaySource } from '../model/overlay-source.ts';
import type { ClusterView } from '../model/view.ts';

type Overlays = Pick<ClusterView, 'overlays' | 'cluster'>;

export function listOverlays(view: Overlays) {
  return [...view.overlays.values()].map(({ name, spec, files }) => {
    return { name, summary: spec.summary, files: files.length, roles: rolesWith(name, view) };
  });
}

/** @throws NotFoundError */
export function showOverlay(name: string, view: Overlays) {
  const source = findOverlay(name, view);
  const { summary, needs, ...spec } = source.spec;
  const tree = source.files.map((file) => ({ path: file.path, kind: kindOf(file) }));
  const wanted = { vars: needs.vars, secrets: [...secretsOf(source.spec)] };
  return { name, summary, roles: rolesWith(name, view), needs: wanted, tree, ...spec };
}

/** @throws NotFoundError */
export function findOverlay(name: string, { overlays }: Pick<ClusterView, 'overlays'>): OverlaySource {
  const found = overlays.get(name);
  if (found !== undefined) return found;
  const known = [...overlays.keys()];
  throw new NotFoundError(`there is no overlay ${name}${didYouMean(name, known)}`, {
    hint: `There are: ${known.join(', ')}.`,
  });
}

function kindOf(file: OverlaySource['files'][number]): 'file' | 'link' | 'template' {
  return file.kind === 'file' && file.isTemplate ? 'template' : file.kind;
}

function rolesWith(name: string, { cluster }: Pick<ClusterView, 'cluster'>): string[] {
  return Object.entries(cluster.roles).flatMap(([role, { overlays }]) => (overlays.includes(name) ? [role] : []));
}
