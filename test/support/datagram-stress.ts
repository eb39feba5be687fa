/**
 * What the C of the datagram addon must withstand, as a program: node --import tsx datagram-stress.ts FILE
 *
 * Ends with `done` on stdout. Run it with the addon compiled for AddressSanitizer, and every read outside memory ends it.
 */
import { once } from 'node:events';
import { isMainThread, Worker, workerData } from 'node:worker_threads';

import { addonDatagrams } from '../../src/host/datagram/addon-port.ts';
import { loadNative, outboxItems, outboxWords, type Native } from '../../src/host/datagram/native.ts';
import { ipv4ToNumber, parseIpv4 } from '../../src/model/ipv4.ts';

const loopback = parseIpv4('127.0.0.1');
const loopbackNumber = ipv4ToNumber(loopback);

/** The same numbers in each run. */
function noise(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const ignore = (): void => undefined;

/** Calls it, whatever it throws. */
function attempt(call: () => unknown): void {
  try {
    call();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
  }
}

/** Arguments of every kind to every function; file descriptors of this process excepted. */
function wrongArguments(native: Native): void {
  const random = noise(1);
  const values: unknown[] = [0, 1, -1, 5, 2 ** 31, 2 ** 32, 2 ** 40, Number.NaN, 1.5, 'lo', 'x'.repeat(300), '', null];
  values.push(undefined, {}, [], ignore, new ArrayBuffer(8), new Uint8Array(4), Symbol('no'), 10n, true);
  const names = [
    'setSource',
    'setLink',
    'gather',
    'localPort',
    'closePort',
    'interfaceIndex',
    'release',
    'flush',
    'openPacket',
  ] as const;
  for (let round = 0; round < 20_000; round++) {
    const call = native[names[random(names.length)] ?? 'flush'] as (...args: unknown[]) => unknown;
    const args = Array.from({ length: random(6) }, () => values[random(values.length)]);
    attempt(() => call(...args));
  }
  const open = (...args: unknown[]): unknown => (native.openPort as (...all: unknown[]) => unknown)(...args);
  for (let round = 0; round < 2000; round++) {
    attempt(() => open(-1, ...Array.from({ length: random(7) }, () => values[random(values.length)])));
  }
  for (let id = 0; id < 10_000; id++) native.closePort(id);
  attempt(() => native.allocate(2 ** 32 - 1));
}

/** Datagrams that name what is not there and reach where they must not. */
function wrongDatagrams(native: Native): void {
  const random = noise(2);
  const words = new Uint32Array(native.outbox);
  const port = native.openPort(-1, loopbackNumber, 0, '', 0, 0, ignore);
  const udpPort = native.localPort(port);
  const memories = Array.from({ length: 20 }, (_, index) => native.allocate(index * 700));
  const anyOf = (good: readonly number[]): number =>
    random(20) === 0 ? (random(2 ** 16) * random(2 ** 17)) >>> 0 : (good[random(good.length)] ?? 0);
  let refused = 0;
  for (let round = 0; round < 3000; round++) {
    const count = random(50);
    for (let item = 0; item < count; item++) {
      const good = [
        [port],
        memories.map(([id]) => id),
        [0, 500],
        [0, 1, 200, 3000],
        [0, 1, 100, 1400],
        [loopbackNumber],
      ];
      words.set([...good.map(anyOf), anyOf([udpPort, 9]), random(2)], item * outboxWords);
    }
    try {
      native.flush(random(100) === 0 ? outboxItems + 1 : count);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      refused++;
    }
    const at = random(memories.length);
    const [id, bytes] = memories[at] ?? [0, new ArrayBuffer(0)];
    native.release(id, random(2) === 0 ? bytes : new ArrayBuffer(3));
    memories[at] = native.allocate(random(9000));
  }
  native.closePort(port);
  if (refused < 100) throw new Error(`only ${refused} flushes were refused`);
}

/** JavaScript takes the memory away from under what is sent and received. */
async function takenMemory(native: Native): Promise<void> {
  const port = native.openPort(-1, loopbackNumber, 0, '', 0, 0, ignore);
  const words = new Uint32Array(native.outbox);
  const [id, bytes] = native.allocate(5000);
  words.set([port, id, 0, 5000, 1000, loopbackNumber, native.localPort(port)]);
  native.flush(1);
  for (const buffer of [bytes, native.slab, native.arrivals, native.outbox]) {
    attempt(() => structuredClone(buffer, { transfer: [buffer] }));
    attempt(() => (buffer as unknown as { transfer(): unknown }).transfer());
  }
  native.flush(1);
  await turns(10);
  native.closePort(port);
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** What a callback throws is an uncaught exception, and the port goes on after it. */
async function throwingHandler(file: string): Promise<void> {
  const datagrams = addonDatagrams(loadNative(file));
  let calls = 0;
  const received = (): void => {
    calls++;
    throw new Error(`thrown ${calls}`);
  };
  const seen: string[] = [];
  process.on('uncaughtException', (error) => seen.push(error.message));
  const port = await datagrams.openPort({
    address: loopback,
    port: 0,
    receiveBufferBytes: 0,
    handlers: { received, failed: ignore },
  });
  for (let round = 0; round < 3; round++) {
    port.sendCopy(Buffer.from('x'), loopbackNumber, port.port);
    await turns(5);
  }
  process.removeAllListeners('uncaughtException');
  port.close();
  if (seen.join() !== 'thrown 1,thrown 2,thrown 3') throw new Error(`uncaught: ${seen.join()}`);
}

/** In a worker: three ports that never stop sending to each other. `how` says what ends it. */
async function busyThread({ file, how }: { file: string; how: string }): Promise<void> {
  const datagrams = addonDatagrams(loadNative(file));
  const buffer = datagrams.hold(Buffer.alloc(40_000, 'y'));
  let calls = 0;
  const received = (_slab: Buffer, _start: number, _length: number, address: number, from: number): void => {
    port.send(buffer, 0, 1000, 0, address, from);
    if (++calls === 5000 && how === 'exit') process.exit(0);
    if (calls === 5000 && how === 'throw') throw new Error('wanted');
  };
  const open = () =>
    datagrams.openPort({
      address: loopback,
      port: 0,
      receiveBufferBytes: 1 << 20,
      handlers: { received, failed: ignore },
    });
  const port = await open();
  const others = [await open(), await open()];
  for (const other of others) port.send(buffer, 0, 40_000, 1000, loopbackNumber, other.port);
}

/** The loader of the main thread is not that of its workers. */
function startThread(data: { readonly file: string; readonly how: string }): Worker {
  const [loader, self] = [import.meta.resolve('tsx/esm/api'), import.meta.url];
  const code = `import('${loader}').then(({ register }) => { register(); return import('${self}'); })`;
  return new Worker(code, { eval: true, workerData: data });
}

async function endingThreads(file: string): Promise<void> {
  for (let round = 0; round < 12; round++) {
    const how = ['exit', 'throw', 'terminate'][round % 3] ?? 'exit';
    const worker = startThread({ file, how });
    const errors: unknown[] = [];
    worker.on('error', (error) => errors.push(error));
    if (how === 'terminate') {
      await once(worker, 'online');
      await new Promise((resolve) => setTimeout(resolve, 300 + 40 * round));
      await worker.terminate();
    } else {
      await new Promise((resolve) => worker.on('exit', resolve));
    }
    if (errors.length !== (how === 'throw' ? 1 : 0)) throw new Error(`${how}: ${String(errors)}`);
  }
}

if (isMainThread) {
  const file = process.argv[2] ?? '';
  wrongArguments(loadNative(file));
  wrongDatagrams(loadNative(file));
  await takenMemory(loadNative(file));
  await throwingHandler(file);
  await endingThreads(file);
  process.stdout.write('done\n');
} else {
  await busyThread(workerData as { file: string; how: string });
}
