/** What is wrong with the running service right now, part by part. */

interface HealthPart {
  readonly name: string;
  /** One sentence per problem; empty when the part does its work. */
  readonly problems: readonly string[];
  readonly sinceMs: number;
}

export interface Health {
  /** Replaces what was said about the part before. */
  readonly report: (part: string, problems: readonly string[]) => void;
  readonly parts: () => readonly HealthPart[];
}

export function createHealth(now: () => number): Health {
  const parts = new Map<string, HealthPart>();
  const report = (name: string, problems: readonly string[]) => {
    const before = parts.get(name);
    const isSame = before !== undefined && before.problems.join('\n') === problems.join('\n');
    if (!isSame) parts.set(name, { name, problems, sinceMs: now() });
  };
  return { report, parts: () => [...parts.values()] };
}
