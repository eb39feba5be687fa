/** Which nodes are asked for, and which page of them. */
import type { BoardName } from './board.ts';
import type { NodeStatus } from './node-status.ts';

export interface NodeFilter {
  readonly role?: string | undefined;
  readonly board?: BoardName | undefined;
  /** `node[01-08],head`; a name that nobody has is no error. */
  readonly nodes?: string | undefined;
  /** Each of them must fit: `rack=a1`, or `rack` for any value. */
  readonly labels?: readonly string[] | undefined;
}

export interface NodeQuery extends NodeFilter {
  readonly state?: NodeStatus['state'] | undefined;
  /** undefined: all of them, in the order of nodes.yaml. Pages go by name. */
  readonly page?: Page | undefined;
}

export interface Page {
  readonly limit: number;
  /** Key of the last one that the reader has. */
  readonly after?: string | undefined;
}

/** A page, and where the next one begins; undefined: it is the last one. */
export interface Paged<T> {
  readonly items: readonly T[];
  readonly next: string | undefined;
}
