/** Back, or to another version: two ways to ask the service, one answer to look at. */
import type { ImageChange } from '../api/schemas/image.ts';
import type { Rollback } from '../api/schemas/rollout.ts';
import type { Service } from './ask.ts';
import { shortList } from './words.ts';

export interface VersionTarget {
  readonly kind: 'role' | 'node';
  readonly name: string;
  /** Without a version. */
  readonly image: string;
}

/** What is chosen when nodes go back to what they ran, overlays and all. */
export const lastGood = 'last-good';

export interface VersionPlan {
  readonly isChanged: boolean;
  /** One for each thing that changes or stays, from top to bottom. */
  readonly lines: readonly string[];
  /** On the button that does it. */
  readonly verb: string;
}

/** @param wanted `last-good`, `previous`, `newest` or a version. @throws AskError */
export async function changeVersion(
  service: Service,
  { kind, name }: VersionTarget,
  wanted: string,
  dryRun: boolean,
): Promise<VersionPlan> {
  if (wanted === lastGood) {
    const whom = kind === 'node' ? { nodes: [name] } : { role: name };
    const body = { ...whom, to: { kind: 'last-good' } };
    return planOfRollback(await service.ask<Rollback>('/nodes:rollback', { method: 'POST', body, dryRun }));
  }
  const path = `/${kind}s/${encodeURIComponent(name)}/image`;
  return planOfChange(await service.ask<ImageChange>(path, { method: 'PUT', body: { version: wanted }, dryRun }));
}

export function planOfRollback({ nodes, leftOut }: Pick<Rollback, 'nodes' | 'leftOut'>): VersionPlan {
  const changed = nodes.filter((node) => node.isChanged);
  const byGeneration = new Map<string, string[]>();
  for (const { node, generation, image } of changed) {
    const what = `${image}, generation ${generation.slice(0, 12)}`;
    byGeneration.set(what, [...(byGeneration.get(what) ?? []), node]);
  }
  return {
    isChanged: changed.length > 0,
    lines: [
      ...[...byGeneration].map(([what, names]) => `${shortList(names)} → ${what}`),
      ...leftOut.map(({ node, reason }) => `${node} stays: ${reason}`),
      ...(changed.length > 0 ? ['From the next boot on. What runs now goes on.'] : ['Nothing changes.']),
    ],
    verb: 'Roll back',
  };
}

export function planOfChange({ isChanged, from, to, nodes }: ImageChange): VersionPlan {
  if (!isChanged) return { isChanged, lines: [`Nothing changes: that is ${to} already.`], verb: 'Change version' };
  return {
    isChanged,
    lines: [`${from} → ${to}`, `From the next boot on of ${shortList(nodes)}. What runs now goes on.`],
    verb: `Boot ${to.split('@')[1] ?? to}`,
  };
}
