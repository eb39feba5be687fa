/** pi-image nfs: the NFS server outlives the service; here it is looked at and ended. */
import type { Exporter } from '../../host/nfs/exporter.ts';
import { lockState } from '../../host/state-lock.ts';
import { parseIpv4 } from '../../model/ipv4.ts';
import type { CliContext, RegisterCommand } from '../context.ts';
import { renderValue, withOutput } from '../output.ts';
import { nfsExporters } from '../wire-up-nfs.ts';

export const registerNfs: RegisterCommand = (program, context) => {
  const nfs = program.command('nfs').summary('the NFS server, which outlives the service');
  const status = nfs
    .command('status')
    .summary('say which NFS server runs')
    .addHelpText('after', '\nExamples:\n  pi-image nfs status\n  pi-image nfs status -o json')
    .action(async ({ output }: { output: 'table' | 'json' | 'yaml' }) => {
      const servers = await Promise.all(exporters(context).map(readServer));
      context.stdout(output === 'table' ? servers.map(renderServer).join('') : renderValue(servers, output));
    });
  withOutput(status, ['table', 'json', 'yaml']);
  nfs
    .command('stop')
    .summary('end the NFS server')
    .description('Ends the NFS server. Nodes that are up lose their root until it runs again.')
    .addHelpText('after', '\nExample:\n  pi-image nfs stop')
    .action(() => stop(context));
};

interface Server {
  readonly server: Exporter['name'];
  readonly isRunning: boolean;
  /** Its process, or why there is none. */
  readonly detail: string;
}

async function readServer(exporter: Exporter): Promise<Server> {
  const status = await exporter.status();
  const isRunning = status.kind === 'running';
  return { server: exporter.name, isRunning, detail: isRunning ? status.detail : status.reason };
}

const renderServer = ({ server, isRunning, detail }: Server) => `${server}: ${isRunning ? 'runs, ' : ''}${detail}\n`;

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
