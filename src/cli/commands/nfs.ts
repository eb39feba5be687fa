/** pi-image nfs: the NFS server outlives the service; here it is looked at and ended. */
import type { Exporter } from '../../host/nfs/exporter.ts';
import { lockState } from '../../host/state-lock.ts';
import { parseIpv4 } from '../../model/ipv4.ts';
import type { CliContext, RegisterCommand } from '../context.ts';
import { nfsExporters } from '../wire-up-nfs.ts';

export const registerNfs: RegisterCommand = (program, context) => {
  const nfs = program.command('nfs').summary('the NFS server, which outlives the service');
  nfs
    .command('status')
    .summary('say which NFS server runs')
    .addHelpText('after', '\nExample:\n  pi-image nfs status')
    .action(async () => {
      for (const exporter of exporters(context)) {
        const status = await exporter.status();
        const text = status.kind === 'running' ? `runs, ${status.detail}` : status.reason;
        context.stdout(`${exporter.name}: ${text}\n`);
      }
    });
  nfs
    .command('stop')
    .summary('end the NFS server')
    .description('Ends the NFS server. Nodes that are up lose their root until it runs again.')
    .addHelpText('after', '\nExample:\n  pi-image nfs stop')
    .action(() => stop(context));
};

async function stop(context: CliContext): Promise<void> {
  // A running service would start it again at once.
  const { signal } = context;
  const lock = await lockState(context.paths().state, { purpose: 'nfs stop', waitMs: 0, signal });
  try {
    for (const exporter of exporters(context)) {
      if ((await exporter.status()).kind === 'stopped') continue;
      await exporter.stop(signal);
      context.stdout(`${exporter.name} is stopped\n`);
    }
  } finally {
    await lock.release();
  }
}

/** Neither question needs to know where it listens. */
function exporters(context: CliContext): Exporter[] {
  return Object.values(nfsExporters(context.paths(), { address: parseIpv4('0.0.0.0'), port: 0 }));
}
