/** What is wrong with the running service right now, part by part. */

interface HealthPart {
  readonly name: string;
  /** One sentence per problem; empty when the part does its work. */
  readonly problems: readonly string[];
  readonly sinceMs: number;
  /** In a few words, what is worth knowing of it while it does its work. */
  readonly about?: string;
}

export interface Health {
  /** Replaces what was said about the part before. */
  readonly report: (part: string, problems: readonly string[]) => void;
  /** Stays until it is described anew; undefined: there is nothing to say. */
  readonly describe: (part: string, about: string | undefined) => void;
  readonly parts: () => readonly HealthPart[];
}

export function createHealth(now: () => number): Health {
  const parts = new Map<string, HealthPart>();
  const report = (name: string, problems: readonly string[]) => {
    const before = parts.get(name);
    const isSame = before !== undefined && before.problems.join('\n') === problems.join('\n');
    if (!isSame) parts.set(name, { name, problems, sinceMs: now() });
  };
  const abouts = new Map<string, string>();
  const describe = (name: string, about: string | undefined) => {
    if (about === undefined) abouts.delete(name);
    else abouts.set(name, about);
  };
  const withAbout = (part: HealthPart): HealthPart => {
    const about = abouts.get(part.name);
    return about === undefined ? part : { ...part, about };
  };
  return { report, describe, parts: () => [...parts.values()].map(withAbout) };
}
