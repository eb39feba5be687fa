/** Which NFS server does this machine use? */
import { ConfigError } from '../../model/errors.ts';
import { isInstalled } from '../installed.ts';
import type { Exporter } from './exporter.ts';

export const nfsChoices = ['auto', 'ganesha', 'kernel'] as const;
export type NfsChoice = (typeof nfsChoices)[number];

/** The one that runs is kept: nodes hold its handles. Else ganesha where it is installed, else the kernel's. */
export async function chooseExporter(
  choice: NfsChoice,
  exporters: { readonly ganesha: Exporter; readonly kernel: Exporter },
): Promise<Exporter> {
  if (choice !== 'auto') return exporters[choice];
  if ((await exporters.ganesha.status()).kind === 'running') return exporters.ganesha;
  if (await isInstalled('ganesha.nfsd')) return exporters.ganesha;
  if (await isInstalled('exportfs')) return exporters.kernel;
  throw new ConfigError('no NFS server is installed', {
    hint: 'Run "apt install nfs-ganesha nfs-ganesha-vfs", or nfs-kernel-server where the kernel has nfsd.',
  });
}
