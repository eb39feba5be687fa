/** Collects what DHCP saw of each node's board; it reaches the boot that is open once in a while, and the disk some time. */
import type { BootsFile } from '../host/state-file.ts';
import type { DhcpSeen } from '../model/boot.ts';
import { mergeSeen, noteSign, type DhcpSign } from '../plan/dhcp-signs.ts';

export interface BootSigns {
  /** Of a DISCOVER that begins a boot: after `arrive`, so that it counts as that boot's. */
  readonly sign: (node: string, mac: string, sign: DhcpSign) => void;
  /** Now: before a boot is closed, or read, and before the database is closed. */
  readonly flush: () => void;
}

const flushMs = 500;

/** @param isBeginning the node's boot is on its way to the disk: its signs wait for it. */
export function collectSigns(file: BootsFile, isBeginning: (node: string) => boolean): BootSigns {
  let pending = new Map<string, DhcpSeen>();
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    const due = new Map([...pending].filter(([node]) => !isBeginning(node)));
    pending = new Map([...pending].filter(([node]) => isBeginning(node)));
    if (due.size > 0) file.amend(({ boots, ...rest }) => ({ ...rest, boots: withSigns(boots, due) }));
  };
  return {
    sign: (node, _mac, sign) => {
      pending.set(node, noteSign(pending.get(node) ?? {}, sign));
      timer ??= setTimeout(flush, flushMs).unref();
    },
    flush,
  };
}

type Boots = ReturnType<BootsFile['current']>['boots'];

/** What comes after a boot that was up belongs to none: an operating system renews its lease. A late one may go on. */
function withSigns(boots: Boots, due: ReadonlyMap<string, DhcpSeen>): Boots {
  const newest = new Map(boots.map((boot) => [boot.node, boot]));
  return boots.map((boot) => {
    const seen = newest.get(boot.node) === boot && isUnderWay(boot) ? due.get(boot.node) : undefined;
    return seen === undefined ? boot : { ...boot, dhcp: mergeSeen(boot.dhcp ?? {}, seen) };
  });
}

function isUnderWay({ closed }: Boots[number]): boolean {
  return closed === undefined || closed.reason === 'failed' || closed.reason === 'silent';
}
