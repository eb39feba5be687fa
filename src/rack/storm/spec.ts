/** What `pi-image rack storm` was asked for, as it is handed from process to process. */
import type { FaultRates } from '../stack/faults.ts';
import type { FloodRates } from './flood.ts';

export interface StormSpec {
  readonly boards: number;
  /** As --board has it. */
  readonly mix: string;
  /** NAME or NAME@VERSION; undefined: a small one is made, whose files have the size of real ones. */
  readonly image: string | undefined;
  readonly kernelBytes: number;
  readonly initramfsBytes: number;
  readonly faults: FaultRates;
  readonly diePercent: number;
  readonly seed: number;
  readonly powerOnOverMs: number;
  readonly repeatMs: number;
  readonly bootOrder: string;
  readonly isStrict: boolean;
  readonly flood: FloodRates;
  readonly deadlineMs: number;
  /** Of published images on this machine. */
  readonly imagesDir: string;
  /** Where state and logs are left; undefined: in memory, and gone with the storm. */
  readonly dir: string | undefined;
}

/** Where a storm without a folder of its own is, in a file system that only its processes see. */
export const stormHome = '/run/storm';
