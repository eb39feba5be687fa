/** systemd units that overlays enable and mask, as the links that systemd reads. */
import { ConfigError } from '../model/errors.ts';
import type { OverlaySource } from '../model/overlay-source.ts';
import type { ClusterView } from '../model/view.ts';

/** Where a unit's own link goes; all other kinds belong to multi-user.target. */
const targetOfKind: Readonly<Record<string, string>> = { socket: 'sockets.target', timer: 'timers.target' };

const unitKinds = /\.(?:service|socket|timer|path|mount|automount|swap|target|slice)$/;

/** `slurmd` is `slurmd.service`, as systemctl reads it. */
export function unitNameOf(name: string): string {
  return unitKinds.test(name) ? name : `${name}.service`;
}

/** The same unit may be named by several overlays: the last one counts. */
export function unitStates(overlays: readonly OverlaySource[]): ReadonlyMap<string, 'enable' | 'mask'> {
  const states = new Map<string, 'enable' | 'mask'>();
  for (const { name, spec } of overlays) {
    const masked = spec.units.mask.map(unitNameOf);
    const both = spec.units.enable.map(unitNameOf).find((unit) => masked.includes(unit));
    if (both !== undefined) {
      throw new ConfigError(`the overlay ${name} enables and masks ${both}`, {
        hint: 'Remove it from one of the two.',
      });
    }
    for (const unit of spec.units.enable) states.set(unitNameOf(unit), 'enable');
    for (const unit of masked) states.set(unit, 'mask');
  }
  return states;
}

/** Units that the overlays of a role enable; none for a role that does not exist. */
export function enabledUnits(role: string, { cluster, overlays }: ClusterView): string[] {
  const sources = (cluster.roles[role]?.overlays ?? []).flatMap((name) => overlays.get(name) ?? []);
  return [...unitStates(sources)].filter(([, state]) => state === 'enable').map(([unit]) => unit);
}

export interface UnitLink {
  readonly path: string;
  readonly target: string;
}

const administratorsUnits = 'etc/systemd/system';

/** @param ownUnits paths that overlays bring along: a unit among them is enabled where it lies */
export function unitLinks(states: ReadonlyMap<string, 'enable' | 'mask'>, ownUnits: ReadonlySet<string>): UnitLink[] {
  return [...states].map(([unit, state]) => {
    if (state === 'mask') return { path: `${administratorsUnits}/${unit}`, target: '/dev/null' };
    const kind = unit.slice(unit.lastIndexOf('.') + 1);
    const wants = `${administratorsUnits}/${targetOfKind[kind] ?? 'multi-user.target'}.wants`;
    return { path: `${wants}/${unit}`, target: unitFile(unit, ownUnits) };
  });
}

function unitFile(unit: string, ownUnits: ReadonlySet<string>): string {
  // An instance links to its template: getty@tty1.service -> getty@.service (systemd.unit(5)).
  const file = unit.replace(/@.+(?=\.[a-z]+$)/, '@');
  const own = `${administratorsUnits}/${file}`;
  return ownUnits.has(own) ? `/${own}` : `/usr/lib/systemd/system/${file}`;
}
