/** What a storage node has acknowledged: all of it must be there when it was killed and has come back. */
import type { Event } from '../../src/model/event.ts';

export interface ChaosBoard {
  /** Address of the storage node. */
  readonly server: string;
  readonly interface: string;
  readonly node: BoardName;
  /** Is no node. */
  readonly stranger: BoardName;
}

interface BoardName {
  readonly mac: string;
  readonly serial: string;
}

/** What boards were told. */
export type BoardFact =
  | { readonly kind: 'offer'; readonly mac: string; readonly address: string }
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'overlay'; readonly sha256: string; readonly key: string }
  | { readonly kind: 'phase'; readonly phase: string }
  | { readonly kind: 'done' }
  /** It was refused what it had a right to. */
  | { readonly kind: 'stuck'; readonly reason: string };

/** What the API answered with 2xx. */
export type AdminFact =
  | { readonly kind: 'role'; readonly node: string; readonly role: string }
  | { readonly kind: 'api-token'; readonly name: string; readonly secret: string }
  | { readonly kind: 'adopted'; readonly mac: string; readonly name: string }
  | { readonly kind: 'event'; readonly event: Event };
