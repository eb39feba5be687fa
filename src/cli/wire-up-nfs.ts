/** The two NFS servers with the places that they use on this machine. */
import path from 'node:path';

import type { Exporter } from '../host/nfs/exporter.ts';
import { ganeshaExporter, ganeshaFiles } from '../host/nfs/ganesha.ts';
import { kernelExporter } from '../host/nfs/kernel.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import { kernelMountPoint, renderGaneshaConfig, renderKernelExports } from '../plan/nfs-config.ts';
import type { Paths } from './context.ts';
import { rootRuntime } from './root-runtime.ts';

export function nfsExporters(
  paths: Paths,
  listen: { readonly address: Ipv4Address; readonly port: number },
): { readonly ganesha: Exporter; readonly kernel: Exporter } {
  const dir = path.join(paths.state, 'nfs');
  const pseudoRoot = path.join(dir, 'root');
  const { recovery } = ganeshaFiles(dir);
  return {
    ganesha: ganeshaExporter({
      dir,
      pidFile: path.join(rootRuntime(paths), 'ganesha.pid'),
      render: (exports) => renderGaneshaConfig({ ...listen, recoveryDir: recovery }, exports),
    }),
    kernel: kernelExporter({
      ...listen,
      pseudoRoot,
      mountPoint: (each) => kernelMountPoint(pseudoRoot, each),
      render: (exports) => renderKernelExports(pseudoRoot, exports),
    }),
  };
}
