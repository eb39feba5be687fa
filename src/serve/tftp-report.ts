/** What is told of a transfer when it has ended: to the counters, to the log, and to whoever started the server. */
import type { TftpClients } from './tftp-clients.ts';
import type { TftpCounters } from './tftp-counters.ts';
import type { TftpDeps, TftpOutcome } from './tftp-deps.ts';
import type { TftpLog } from './tftp-log.ts';
import type { FileTransfer, TransferEnd } from './tftp-transfer.ts';

interface ReportDeps extends Pick<TftpDeps, 'served' | 'watch'> {
  readonly log: TftpLog;
  readonly clients: TftpClients;
  readonly counters: TftpCounters;
}

const unusual: ReadonlySet<TftpOutcome> = new Set(['aborted', 'silent', 'failed']);

export function reportTo(deps: ReportDeps): (transfer: FileTransfer, end: TransferEnd) => void {
  return (transfer, end) => {
    const { address, path, peer, sending } = transfer;
    const nowMs = performance.now();
    const bytes = sending?.confirmedBytes ?? 0;
    deps.clients.ended(transfer, end, { bytes, nowMs });
    // What never began was answered with an ERROR, or given up before there was an answer.
    if (sending === undefined) return;
    const { outcome, reason } = end;
    const durationMs = Math.round(nowMs - transfer.startedAtMs);
    if (outcome !== 'stopped') deps.counters[outcome]++;
    if (unusual.has(outcome)) {
      deps.log.warn(`tftp.${outcome}`, { peer: `${address}:${peer.port}`, path, bytes, durationMs, reason });
    }
    if (!transfer.isHalfOpen) deps.watch?.ended(address, bytes);
    const { blockSizeBytes, source } = sending;
    const of = { path, bytes, sizeBytes: source.sizeBytes, blockSizeBytes };
    deps.served({ peer: { address, port: peer.port }, ...of, durationMs, outcome });
  };
}
