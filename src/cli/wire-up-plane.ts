/** Starts the boot plane's thread, compiled or from the sources, and binds what it asks to the service. */
import { Worker } from 'node:worker_threads';

import type { openDatagrams } from '../host/datagram/open.ts';
import { keepHeapSmall } from '../host/heap.ts';
import type { InheritedSocket } from '../host/systemd-sockets.ts';
import { UsageError } from '../model/errors.ts';
import type { Log } from '../model/log.ts';
import { dhcpRecorder } from '../serve/dhcp-record.ts';
import type { LinkCounts } from '../serve/plane/link.ts';
import { openPlane, type Plane } from '../serve/plane/service.ts';
import type { Service } from './wire-up.ts';

/** What a thread is told when it starts, and does not change. */
export interface PlaneOptions {
  readonly allowForeignDhcp: boolean;
  /** Of this process; they end with the first thread that has them. */
  readonly inherited: readonly InheritedSocket[];
  readonly hasLostInherited: boolean;
  /** Which path carries datagrams; undefined: the faster one that there is. */
  readonly datagrams: DatagramPath | undefined;
}

type DatagramPath = NonNullable<Parameters<typeof openDatagrams>[0]>;

export interface PlaneData {
  readonly counts: LinkCounts;
  readonly options: PlaneOptions;
}

/** Far more than it needs: files and packets lie outside of this. A leak ends the thread and not the service. */
const heapMib = 256;

/** What a flood leaves behind is collected before it fills the 48 MB that Node would take: blocks allocate nothing. */
const youngHeapMib = 12;

export interface BootPlaneOptions extends Omit<PlaneOptions, 'hasLostInherited'> {
  readonly log: Log;
  /** Ends the whole service: going on would do harm. */
  readonly giveUp: (reason: Error) => void;
}

export function bootPlane(service: Service, options: BootPlaneOptions): Plane {
  const { log, giveUp, allowForeignDhcp, inherited, datagrams } = options;
  const recorder = dhcpRecorder({ ...service, now: () => Date.now(), log });
  const start = (counts: LinkCounts, launch: number): Worker => {
    const isFirst = launch === 1;
    return startThread({
      counts,
      options: {
        allowForeignDhcp,
        inherited: isFirst ? inherited : [],
        hasLostInherited: !isFirst && inherited.length > 0,
        datagrams,
      },
    });
  };
  return openPlane({ ...service, recorder, counted: service.counts.planeCounted, start, giveUp, log });
}

function startThread(workerData: PlaneData): Worker {
  const isSource = import.meta.url.endsWith('.ts');
  const entry = new URL(isSource ? './plane-thread.ts' : './plane-thread.js', import.meta.url);
  const worker = new Worker(entry, {
    name: 'boot-plane',
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: heapMib, maxYoungGenerationSizeMb: youngHeapMib },
    ...(isSource && { execArgv: ['--import', loader()] }),
  });
  return worker.once('online', keepHeapSmall);
}

/** @param text of PI_IMAGE_DATAGRAMS */
export function parseDatagramPath(text: string | undefined): DatagramPath | undefined {
  if (text === undefined || text === '') return undefined;
  if (text === 'addon' || text === 'plain') return text;
  throw new UsageError(`PI_IMAGE_DATAGRAMS is ${JSON.stringify(text)}`, { hint: 'Set it to "addon" or "plain".' });
}

/** tsx stays out of threads unless it is asked in. */
function loader(): string {
  const api = import.meta.resolve('tsx/esm/api');
  return `data:text/javascript,import{register}from${JSON.stringify(api)};register()`;
}
