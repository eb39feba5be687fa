/** What is known of user namespaces on a machine where a build could not make one. */
import { z } from 'zod';

export interface NamespaceFacts {
  /** Where the build would be. */
  readonly dir: string;
  readonly user: string;
  /** newuidmap and newgidmap are installed. */
  readonly hasMappers: boolean;
  /** /etc/subuid and /etc/subgid give the user enough numbers. */
  readonly hasRanges: boolean;
  /** Settings of the kernel; undefined: it has no such one. */
  readonly limits: {
    /** How many there may be. */
    readonly namespaces: number | undefined;
    /** Whether ordinary users may make one. */
    readonly unprivileged: number | undefined;
    /** Whether AppArmor takes their rights away. */
    readonly restricted: number | undefined;
  };
  /** `entered`, `mounted`, `owned` as far as it came, and complaints. */
  readonly said: readonly string[];
}

/** user-namespace.json of a state directory that was made in one. */
export const NamespaceRecord = z.strictObject({
  format: z.literal(1),
  /** `0 1000 1,1 100000 65535`: first number inside, first outside, how many. */
  users: z.string(),
  groups: z.string(),
});
export type NamespaceRecord = Readonly<z.infer<typeof NamespaceRecord>>;
