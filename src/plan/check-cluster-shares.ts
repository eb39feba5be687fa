/** Do the shares of cluster.yaml name roles that exist, and mount points that leave a node usable? */
import type { Cluster, Share } from '../model/cluster.ts';
import { didYouMean } from '../model/nearest.ts';
import type { Problem } from '../model/problem.ts';

/** A share over one of these hides what the node runs from. */
const systemFolders: ReadonlySet<string> = new Set([
  '/bin',
  '/boot',
  '/dev',
  '/etc',
  '/lib',
  '/proc',
  '/run',
  '/sbin',
  '/sys',
  '/tmp',
  '/usr',
  '/var',
]);

/** Nothing may be mounted below these either: the kernel makes their content. */
const kernelFolders = ['/dev/', '/proc/', '/sys/'];

export function checkShares({ shares, roles }: Cluster): Problem[] {
  return shares.flatMap((share, index) => [
    ...checkShareRoles(share, ['shares', index, 'roles'], Object.keys(roles)),
    ...checkMount(share, ['shares', index, 'mount']),
    ...shares.slice(0, index).flatMap((earlier, other) => checkPair([earlier, other], [share, index])),
  ]);
}

function checkShareRoles(share: Share, path: Problem['path'], known: readonly string[]): Problem[] {
  return (share.roles ?? []).flatMap((role, index) =>
    known.includes(role)
      ? []
      : [
          {
            path: [...path, index],
            message: `there is no role ${role}${didYouMean(role, known)}`,
            hint: roleHint(known),
          },
        ],
  );
}

export function roleHint(known: readonly string[]): string {
  return `Roles are: ${known.join(', ')}.`;
}

function checkMount({ mount }: Share, path: Problem['path']): Problem[] {
  const isSystem = systemFolders.has(mount) || kernelFolders.some((folder) => mount.startsWith(folder));
  return isSystem ? [{ path, message: `a share must not be mounted on ${mount}: nodes need what is there` }] : [];
}

function checkPair([earlier, other]: readonly [Share, number], [share, index]: readonly [Share, number]): Problem[] {
  const problems: Problem[] = [];
  if (earlier.name === share.name) {
    const message = `there are two shares named ${share.name}`;
    problems.push({ path: ['shares', index, 'name'], message, other: ['shares', other, 'name'] });
  }
  if (earlier.path === share.path) {
    const message = `${share.path} is shared twice`;
    problems.push({ path: ['shares', index, 'path'], message, other: ['shares', other, 'path'] });
  }
  if (earlier.mount === share.mount && haveCommonRole(earlier, share)) {
    const message = `two shares are mounted on ${share.mount} of the same nodes`;
    problems.push({ path: ['shares', index, 'mount'], message, other: ['shares', other, 'mount'] });
  }
  return problems;
}

function haveCommonRole(a: Share, b: Share): boolean {
  const { roles } = b;
  return a.roles === undefined || roles === undefined || a.roles.some((role) => roles.includes(role));
}
