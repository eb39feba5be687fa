/** Do the roles of cluster.yaml name images, overlays and secrets that exist? */
import { builtInSecrets, signingSecret, type Cluster, type Role } from '../model/cluster.ts';
import { didYouMean } from '../model/nearest.ts';
import { secretsOf } from '../model/overlay-source.ts';
import type { Problem } from '../model/problem.ts';
import { roleHint } from './check-cluster-shares.ts';
import type { KnownParts } from './known-parts.ts';

export function checkRoles(cluster: Cluster, known: KnownParts): Problem[] {
  return [
    ...checkSecrets(cluster),
    ...Object.entries(cluster.roles).flatMap(([name, role]) =>
      checkImageReference(role.image, ['roles', name, 'image'], known).concat(
        checkOverlays(role, ['roles', name, 'overlays'], known),
        checkNeededSecrets(role, ['roles', name, 'overlays'], { cluster, known }),
        checkRoot(role, ['roles', name]),
      ),
    ),
  ];
}

function checkRoot({ root, boot, persistent }: Role, path: readonly string[]): Problem[] {
  if (root !== 'persistent') {
    if (persistent === undefined) return [];
    const hint = 'Write "root: persistent" too, or leave it out.';
    return [{ path: [...path, 'persistent'], message: `it is about trees of their own, and root is ${root}`, hint }];
  }
  if (boot !== 'signed') return [];
  const hint = 'Take "root: shared", "squash" or "ram" where "boot: signed" is wanted.';
  const message = 'boot.img is the same for all nodes of a role, and a persistent root is of one node';
  return [{ path: [...path, 'root'], message, hint }];
}

export function checkSlurm({ slurm, roles }: Cluster): Problem[] {
  if (slurm === undefined || Object.hasOwn(roles, slurm.controllerRole)) return [];
  const known = Object.keys(roles);
  const message = `there is no role ${slurm.controllerRole}${didYouMean(slurm.controllerRole, known)}`;
  return [{ path: ['slurm', 'controllerRole'], message, hint: roleHint(known) }];
}

/** @param reference `name` or `name@version`; versions come and go with builds and are not looked at */
export function checkImageReference(reference: string, path: Problem['path'], { images }: KnownParts): Problem[] {
  const name = imageName(reference);
  if (images.has(name)) return [];
  const known = [...images.keys()];
  const hint = known.length > 0 ? `Images are: ${known.join(', ')}.` : `Write images/${name}/image.yaml.`;
  return [{ path, message: `there is no image ${name}${didYouMean(name, known)}`, hint }];
}

export function imageName(reference: string): string {
  return reference.split('@')[0] ?? reference;
}

function checkOverlays(role: Role, path: Problem['path'], { overlays }: KnownParts): Problem[] {
  const known = [...overlays.keys()];
  return role.overlays.flatMap((name, index): Problem[] => {
    if (!overlays.has(name)) {
      const message = `there is no overlay ${name}${didYouMean(name, known)}`;
      return [{ path: [...path, index], message, hint: `Overlays are: ${known.join(', ')}.` }];
    }
    const first = role.overlays.indexOf(name);
    if (first === index) return [];
    return [{ path: [...path, index], message: `overlay ${name} is listed twice`, other: [...path, first] }];
  });
}

/** Names that pi-image fills itself, for each node. */
function checkSecrets({ secrets }: Cluster): Problem[] {
  return Object.keys(secrets)
    .filter((name) => [...builtInSecrets, signingSecret].some((builtIn) => builtIn === name))
    .map((name) => ({
      path: ['secrets', name],
      message: `${name} is made by pi-image itself`,
      hint: 'Remove it, or give your secret another name.',
    }));
}

function checkNeededSecrets(
  role: Role,
  path: Problem['path'],
  { cluster, known }: { cluster: Cluster; known: KnownParts },
): Problem[] {
  const declared = new Set<string>([...Object.keys(cluster.secrets), ...builtInSecrets]);
  return role.overlays.flatMap((name, index) => {
    const overlay = known.overlays.get(name);
    const needed = overlay === undefined ? [] : secretsOf(overlay.spec);
    return needed
      .filter((secret) => !declared.has(secret))
      .map((secret) => ({
        path: [...path, index],
        message: `overlay ${name} needs the secret ${secret}, which does not stand under secrets${didYouMean(secret, Object.keys(cluster.secrets))}`,
        hint: `Add "${secret}: { generateBytes: 128 }" or "${secret}: { file: /path }" under secrets.`,
      }));
  });
}
