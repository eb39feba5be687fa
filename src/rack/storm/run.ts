/** A storm with a clock and a packet socket: all boards in this process, on one interface. */
import { openDatagrams } from '../../host/datagram/open.ts';
import { listVersions } from '../../host/image-store.ts';
import { HostError } from '../../model/errors.ts';
import { parseBootOrder } from '../boot-order.ts';
import { Random } from '../stack/random.ts';
import { Flood } from './flood.ts';
import { readContents, stormImage } from './image.ts';
import { parseMix, planStorm } from './mix.ts';
import { stormOutcome, type StormOutcome } from './report.ts';
import type { StormSpec } from './spec.ts';
import { Storm } from './storm.ts';

export interface BoardsResult extends StormOutcome {
  /** What the boards themselves cost, all together. */
  readonly generatorCpuSeconds: number;
  readonly floodFrames: number;
}

export interface Progress {
  readonly seconds: number;
  readonly offers: number;
  readonly complete: number;
  readonly boots: number;
  readonly restarts: number;
  readonly bytes: number;
}

export interface RunOptions {
  readonly spec: StormSpec;
  readonly device: string;
  /** Where the storage node reads the image. */
  readonly imagesDir: string;
  readonly tell: (progress: Progress) => void;
  readonly signal: AbortSignal;
}

const receiveBufferBytes = 64 << 20;
const progressMs = 2000;

export async function runBoards({ spec, device, imagesDir, tell, signal }: RunOptions): Promise<BoardsResult> {
  const [name = stormImage.name, version] = (spec.image ?? stormImage.name).split('@');
  const versions = await listVersions(imagesDir, name);
  const manifest = versions.find((each) => version === undefined || each.version === version);
  if (manifest === undefined) throw new HostError(`there is no image ${spec.image ?? name} in ${imagesDir}`);
  const nodes = planStorm(spec.boards, parseMix(spec.mix));
  const contents = await readContents(imagesDir, manifest);
  const ether = await openEther(device, (frame, start, length) =>
    storm.receive(frame, start, length, performance.now()),
  );
  const storm = new Storm({ ...spec, nodes, contents, bootOrder: parseBootOrder(spec.bootOrder) }, ether);
  const flood = new Flood(
    spec.flood,
    nodes.map(({ address }) => address),
    ether,
    new Random(spec.seed),
  );
  const startedMs = performance.now();
  storm.powerOn(startedMs);
  await passTime({ storm, flood, startedMs, deadlineMs: spec.deadlineMs, tell, signal });
  ether.close();
  const { user, system } = process.cpuUsage();
  const generatorCpuSeconds = (user + system) / 1e6;
  const outcome = stormOutcome(storm.records, (performance.now() - startedMs) / 1000);
  return { ...outcome, generatorCpuSeconds, floodFrames: flood.sent };
}

interface Ether {
  send(frame: Uint8Array): void;
  close(): void;
}

function failed(error: Error): never {
  throw error;
}

async function openEther(
  device: string,
  received: (frame: Uint8Array, start: number, length: number) => void,
): Promise<Ether> {
  const datagrams = openDatagrams();
  if (datagrams.kind === 'plain') {
    throw new HostError('a storm needs the datagram addon: its boards send whole Ethernet frames', {
      hint: 'Run "npm run install" in the folder of pi-image; it needs a C compiler ("apt install gcc libc6-dev").',
    });
  }
  const port = await datagrams.openPacket({
    device,
    protocol: 'all',
    receiveBufferBytes,
    handlers: { received, failed },
  });
  return { send: (frame) => port.sendCopy(frame), close: () => port.close() };
}

interface Passing {
  readonly storm: Storm;
  readonly flood: Flood;
  readonly startedMs: number;
  readonly deadlineMs: number;
  readonly tell: (progress: Progress) => void;
  readonly signal: AbortSignal;
}

/** One timer for all boards. Returns when each has all it wants, or the time is over. */
function passTime({ storm, flood, startedMs, deadlineMs, tell, signal }: Passing): Promise<void> {
  let toldMs = startedMs;
  return new Promise((resolve, reject) => {
    const turn = () => {
      const nowMs = performance.now();
      if (signal.aborted) return reject(signal.reason as Error);
      storm.tick(nowMs);
      flood.tick(nowMs);
      if (nowMs - toldMs >= progressMs) {
        toldMs = nowMs;
        tell(progressOf(storm, (nowMs - startedMs) / 1000));
      }
      if (storm.isOver || nowMs - startedMs > deadlineMs) return resolve();
      setTimeout(turn, storm.restMs);
    };
    turn();
  });
}

function progressOf({ records }: Storm, seconds: number): Progress {
  let [offers, complete, boots, restarts, bytes] = [0, 0, 0, 0, 0];
  for (const record of records) {
    if (record.offerMs !== undefined) offers += 1;
    if (record.completeMs !== undefined) complete += 1;
    boots += record.boots;
    restarts += record.restarts.length;
    bytes += record.bytes;
  }
  return { seconds, offers, complete, boots, restarts, bytes };
}
