/** What the service asks of an NFS server, whichever it is. */
import type { NfsExport } from '../../model/export.ts';

type ExporterName = 'ganesha' | 'kernel';

export type ExporterStatus =
  | { readonly kind: 'running'; readonly server: ExporterName; readonly detail: string }
  | { readonly kind: 'stopped'; readonly reason: string };

export interface Exporter {
  readonly name: ExporterName;
  /** Starts the server when it does not run, and resolves when exactly these trees are exported. */
  readonly apply: (exports: readonly NfsExport[], signal: AbortSignal) => Promise<void>;
  readonly status: () => Promise<ExporterStatus>;
  /** Nodes lose their root. Nothing but `pi-image nfs stop` calls it. */
  readonly stop: (signal: AbortSignal) => Promise<void>;
}
