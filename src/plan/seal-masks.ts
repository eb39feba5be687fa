/** Masks of units and generators: a link to /dev/null, where the tree has what it hides. */
import { changesOf, linkUnlessSame, type ActionKind, type RulePlan, type SealContext } from './seal-action.ts';
import type { ActionOf } from './seal-rule.ts';
import type { SealTree } from './seal-tree.ts';

/** Units of the system, and those that each user has. */
const unitScopes = [
  {
    own: 'etc/systemd/system',
    others: ['usr/lib/systemd/system', 'usr/local/lib/systemd/system'],
    /** systemd-sysv-generator(8) makes services of them. */
    scripts: 'etc/init.d',
  },
  { own: 'etc/systemd/user', others: ['usr/lib/systemd/user', 'usr/local/lib/systemd/user'], scripts: undefined },
] as const;

/** Where a mask would have to lie, whether or not it does; none for units that the tree has not. */
function maskPlaces(unit: string, tree: SealTree): string[] {
  return unitScopes.flatMap(({ own, others, scripts }) => {
    const script = scripts !== undefined && unit.endsWith('.service') ? [`${scripts}/${unit.slice(0, -8)}`] : [];
    const places = [...[own, ...others].map((folder) => `${folder}/${unit}`), ...script];
    return places.some((place) => tree.entry(place) !== undefined) ? [`${own}/${unit}`] : [];
  });
}

function planMasks({ units }: ActionOf<'mask'>, tree: SealTree, { enabled }: SealContext): RulePlan {
  const open = units.map((unit) => ({
    unit,
    changes: maskPlaces(unit, tree).flatMap((place) => linkUnlessSame(place, '/dev/null', tree)),
  }));
  const isSpared = (unit: string) => enabled.includes(unit);
  return {
    changes: open.flatMap(({ unit, changes }) => (isSpared(unit) ? [] : changes)),
    enabled: open.flatMap(({ unit, changes }) => (isSpared(unit) && changes.length > 0 ? [unit] : [])),
  };
}

export const masks: ActionKind<ActionOf<'mask'>> = {
  plan: planMasks,
  hasSubject: ({ units }, tree) => units.some((unit) => maskPlaces(unit, tree).length > 0),
  touches: ({ units }, path) => unitScopes.some(({ own }) => units.some((unit) => path === `${own}/${unit}`)),
};

const ownGenerators = 'etc/systemd/system-generators';
const generatorFolders = [
  ownGenerators,
  'usr/lib/systemd/system-generators',
  'usr/local/lib/systemd/system-generators',
] as const;

const hasGenerator = (name: string, tree: SealTree) =>
  generatorFolders.some((folder) => tree.entry(`${folder}/${name}`) !== undefined);

export const generatorMasks: ActionKind<ActionOf<'mask-generator'>> = {
  plan: ({ names }, tree) =>
    changesOf(
      names
        .filter((name) => hasGenerator(name, tree))
        .flatMap((name) => linkUnlessSame(`${ownGenerators}/${name}`, '/dev/null', tree)),
    ),
  hasSubject: ({ names }, tree) => names.some((name) => hasGenerator(name, tree)),
  touches: ({ names }, path) => names.some((name) => path === `${ownGenerators}/${name}`),
};
