/** What of a node's overlay is not as it was given, or will be another one: asked of the running service, and of the node. */
import type { Boot } from '../model/boot.ts';
import type { NodeSpec } from '../model/node.ts';
import type { OverlayReport } from '../model/overlay-report.ts';
import { hasKernelReported } from '../plan/boot-timeline.ts';
import { diffFrozen } from '../plan/overlay-report.ts';
import type { Service } from './wire-up.ts';

/** A node that runs answers within its heartbeat's interval of ten seconds. */
const checkMs = 15_000;

type Sources = Pick<Service, 'boots' | 'heartbeats' | 'liveParts' | 'overlayChecks' | 'frozen'> & {
  readonly site: Pick<Service['site'], 'view' | 'desired'>;
};

/** @param check ask the node first */
export async function overlayReport(service: Sources, node: NodeSpec, check: boolean): Promise<OverlayReport> {
  const { site, boots, frozen } = service;
  const boot = boots.ofNode(node.name).findLast(hasKernelReported);
  const desired = site.desired(node);
  const next = desired.kind === 'boots' ? desired.frozen : undefined;
  return {
    node: node.name,
    overlayDigest: boot?.overlaySha256,
    running: boot?.generation,
    desired: next?.generation.id,
    refusal: desired.kind === 'refused' ? desired.reason : undefined,
    ...diffFrozen(boot && frozen.get(boot.generation), next, site.view().images),
    ...(await askNode(service, boot, check)),
  };
}

/** Nothing of a node that does not speak: what it said last may be of another boot, or long ago. */
async function askNode(
  { heartbeats, liveParts, overlayChecks }: Sources,
  boot: Boot | undefined,
  check: boolean,
): Promise<Pick<OverlayReport, 'live' | 'hasLooked' | 'drift'>> {
  if (boot === undefined || heartbeats.of(boot.node)?.boot !== boot.id || heartbeats.isSilent(boot)) {
    return { live: {}, hasLooked: false };
  }
  const hasLooked = check && (await overlayChecks.ask(boot.node, checkMs));
  const { liveDigest: has, drift } = heartbeats.of(boot.node) ?? {};
  const wants = await liveParts.digest({ boot, has, waitMs: 0, signal: new AbortController().signal });
  return { live: { has, wants }, hasLooked, drift };
}
