/** Admission with a clock and a log: TFTP tells it what runs, DHCP asks it who may begin. Both live in one thread. */
import type { Log } from '../model/log.ts';
import { Admission, type AdmissionDecision, type AdmissionRequest } from '../plan/admission.ts';
import type { TransferWatch } from './tftp-deps.ts';

export interface BootAdmission {
  readonly admit: (request: AdmissionRequest) => AdmissionDecision;
  readonly watch: TransferWatch;
  readonly state: () => { readonly loading: number; readonly waiting: number };
}

/** @param nowMs any clock that does not jump */
export function bootAdmission(log: Log, nowMs: () => number = () => performance.now()): BootAdmission {
  const admission = new Admission();
  const storm = { held: 0, longestMs: 0 };
  let before = performance.eventLoopUtilization();
  let turnMs: number | undefined;
  /** The same for all DISCOVERs of one turn: their boards have heard nothing yet. */
  const thisTurn = (): number => {
    if (turnMs === undefined) setImmediate(() => (turnMs = undefined));
    return (turnMs ??= nowMs());
  };
  return {
    admit: (request) => {
      const atMs = thisTurn();
      const decision = admission.decide(request, atMs);
      if (decision.kind === 'now' && storm.held === 0) return decision;
      const { loading, waiting, bytesPerSecond } = admission.state(atMs);
      if (decision.kind === 'later') {
        if (storm.held === 0) log.info('boot.held', { loading, bytesPerSecond: Math.round(bytesPerSecond) });
        storm.held = Math.max(storm.held, waiting);
        return decision;
      }
      storm.longestMs = Math.max(storm.longestMs, decision.waitedMs);
      if (waiting === 0) {
        log.info('boot.none-held', { atMost: storm.held, longestWaitMs: Math.round(storm.longestMs) });
        storm.held = 0;
        storm.longestMs = 0;
      }
      return decision;
    },
    state: () => admission.state(nowMs()),
    watch: {
      asked: (address) => admission.asked(address, nowMs()),
      began: (address) => admission.began(address, nowMs()),
      ended: (address, confirmedBytes) => admission.ended(address, confirmedBytes, nowMs()),
      measured: (load) => {
        const now = performance.eventLoopUtilization();
        const { utilization: busyShare } = performance.eventLoopUtilization(now, before);
        before = now;
        admission.measured({ ...load, busyShare });
      },
    },
  };
}
