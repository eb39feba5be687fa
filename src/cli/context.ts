/** What every command gets from the composition root: where things are, where to write, and when to stop. */
import type { Command } from 'commander';

import type { ApiServer } from './api-client.ts';
import type { Terminal } from './terminal.ts';

/** The state directory where --state names no other: the service's. */
export const systemState = '/var/lib/pi-image';

/** Folders and files of one installation. Nothing below cli/ looks for them itself. */
export interface Paths {
  /** cluster.yaml */
  readonly config: string;
  /** Searched in this order for images/, overlays/ and boot/: beside cluster.yaml, then shipped. */
  readonly dataDirs: readonly string[];
  /** state.db, secrets/, layers/, exports/ */
  readonly state: string;
  /** Sockets and pid files; emptied by a reboot. */
  readonly runtime: string;
}

export interface CliContext {
  /** Read after the arguments were parsed: --config and --state decide. @throws UsageError with --server: there are no files then */
  readonly paths: () => Paths;
  /** The service that this run is about: --server, else the one of this machine. */
  readonly service: () => Promise<ApiServer>;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** What stdout is written to, as wide as it is now. */
  readonly terminal: () => Terminal;
  /** True when stderr is a terminal: progress bars instead of lines. */
  readonly isInteractive: boolean;
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
}

/** Adds one noun or verb to the program. Actions throw; main.ts explains. */
export type RegisterCommand = (program: Command, context: CliContext) => void;
