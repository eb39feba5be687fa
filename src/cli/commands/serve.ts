/** pi-image serve: DHCP, TFTP, HTTP, NFS exports and time for the boot network, until it is told to stop. */
import { Option } from 'commander';

import { logTo } from '../../host/log.ts';
import { nfsChoices, type NfsChoice } from '../../host/nfs/choose.ts';
import { parseListenFds } from '../../host/systemd-sockets.ts';
import { ConfigError, PiImageError } from '../../model/errors.ts';
import { supervise } from '../../serve/supervise.ts';
import type { CliContext, RegisterCommand } from '../context.ts';
import { requireExportsApart } from '../exports-apart.ts';
import { helperSocket } from '../root-runtime.ts';
import { requireMachine } from '../serve-checks.ts';
import { serviceParts } from '../wire-up-parts.ts';
import { bootPlane, parseDatagramPath } from '../wire-up-plane.ts';
import { hasHelper } from '../wire-up-root-acts.ts';
import { siteReaders } from '../wire-up-site.ts';
import { openService } from '../wire-up.ts';

interface ServeFlags {
  readonly nfs: NfsChoice;
  readonly allowForeignDhcp: boolean;
  readonly time: boolean;
}

/** The service promises to end within 5 s of SIGTERM; what has not ended by then is left behind. */
const stopMs = 4500;

export const registerServe: RegisterCommand = (program, context) => {
  program
    .command('serve')
    .summary('run the boot services')
    .description(
      'Answers DHCP, TFTP and HTTP on the boot network, exports the roots over NFS and gives time. ' +
        'Runs until SIGTERM; SIGHUP reads the configuration again. The NFS server goes on when this ends: "pi-image nfs stop".',
    )
    .addOption(new Option('--nfs <server>', 'NFS server to use').choices([...nfsChoices]).default('auto'))
    .option('--allow-foreign-dhcp', 'serve although another DHCP server answers on the network', false)
    .option('--no-time', 'do not run chronyd')
    .addHelpText('after', '\nExamples:\n  systemctl start pi-image\n  pi-image serve --nfs ganesha')
    .action((flags: ServeFlags) => serve(flags, context));
};

async function serve(flags: ServeFlags, context: CliContext): Promise<void> {
  const paths = context.paths();
  // oxlint-disable-next-line node/no-process-env -- for tests and for who looks for a fault; no flag for daily use
  const datagrams = parseDatagramPath(process.env['PI_IMAGE_DATAGRAMS']);
  const isRoot = process.getuid?.() === 0;
  await requireAll([
    requireMachine({
      hasRoot: isRoot || (await hasHelper(paths)),
      helper: helperSocket(paths),
      nfs: flags.nfs,
      servesTime: flags.time,
    }),
    siteReaders(paths)
      .readConfig()
      .then(({ cluster }) => requireExportsApart(paths, cluster)),
  ]);
  const log = logTo(process.stdout);
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const service = await openService({ paths, byHelper: !isRoot, log, signal });
  const reload = () => void service.site.reload();
  process.on('SIGHUP', reload);
  log.info('serve.started', {
    state: paths.state,
    nodes: service.site.view().nodes.length,
    root: isRoot ? 'this process' : 'the helper',
  });
  const plane = bootPlane(service, {
    allowForeignDhcp: flags.allowForeignDhcp,
    // oxlint-disable-next-line node/no-process-env -- sd_listen_fds(3): how systemd hands sockets over
    inherited: parseListenFds(process.env, process.pid),
    datagrams,
    log,
    giveUp: (reason) => stop.abort(reason),
  });
  const servesTime = flags.time && service.site.view().cluster.network.ntp === undefined;
  try {
    endInTime(signal);
    const parts = serviceParts(service, plane, { nfs: flags.nfs, paths, servesTime, log });
    await supervise(parts, { health: service.health, log, signal });
  } finally {
    process.off('SIGHUP', reload);
    await plane.close();
    await service.close();
  }
  log.info('serve.ended', {});
  if (stop.signal.aborted) throw stop.signal.reason;
}

/** A program that hangs must not hold up a shutdown; everything that was promised is on the disk already. */
function endInTime(signal: AbortSignal): void {
  if (signal.aborted) exitSoon();
  else signal.addEventListener('abort', exitSoon, { once: true });
}

const exitSoon = () => void setTimeout(() => process.exit(1), stopMs).unref();

/** What is wrong with the machine and what is wrong in the files, in one message. */
async function requireAll(checks: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(checks);
  const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as Error] : []));
  const [first] = errors;
  if (first === undefined) return;
  if (errors.length === 1 || !errors.every((error) => error instanceof PiImageError)) throw first;
  const hint = errors.flatMap((error) => error.hint ?? []).join(' ');
  throw new ConfigError(errors.map(({ message }) => message).join('\n'), { ...(hint !== '' && { hint }) });
}
