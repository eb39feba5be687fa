/** What a virtual board's firmware did, one line each: its own side of the boot, to compare with what the service saw. */

export type FirmwareEvent =
  | { readonly event: 'discover'; readonly attempt: number }
  | { readonly event: 'ignored-offer'; readonly reason: string }
  | { readonly event: 'no-offer' }
  | { readonly event: 'offer'; readonly address: string; readonly tftpServer: string }
  | {
      readonly event: 'file';
      readonly path: string;
      readonly outcome: 'loaded' | 'exists' | 'missing' | 'late';
      readonly bytes: number;
      readonly durationMs: number;
      readonly reason?: string;
    }
  | { readonly event: 'stuck'; readonly reason: string }
  | { readonly event: 'start'; readonly files: number; readonly bytes: number };

export type TimedFirmwareEvent = FirmwareEvent & { readonly atMs: number };

export type Emit = (event: FirmwareEvent) => void;
