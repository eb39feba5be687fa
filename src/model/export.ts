/** One tree that nodes mount over NFS. */
import type { Ipv4Address } from './ipv4.ts';

export interface NfsExport {
  /** Allocated once per path, never reused; also the fsid. */
  readonly id: number;
  /** On this machine. */
  readonly path: string;
  /** As nodes name it: `/images/debian-lite/20261121.1` or `/shares/home`. */
  readonly pseudo: string;
  readonly access: 'read-only' | 'read-write';
  /** Only these addresses see it. */
  readonly clients: readonly Ipv4Address[];
}
