/** Programs with capabilities get a unit that gives them back at boot. */
import {
  capabilityUnit,
  describeCapabilities,
  renderCapabilityUnit,
  setcapPlaces,
  type CapableFile,
} from './capabilities.ts';
import {
  changesOf,
  linkUnlessSame,
  nothingToDo,
  writeUnlessSame,
  type ActionKind,
  type RulePlan,
} from './seal-action.ts';
import type { ActionOf } from './seal-rule.ts';
import type { SealTree } from './seal-tree.ts';

const unitFile = `etc/systemd/system/${capabilityUnit}`;
const wanted = `etc/systemd/system/multi-user.target.wants/${capabilityUnit}`;

function planCapabilities(tree: SealTree): RulePlan {
  const files = capableFiles(tree);
  if (files.length === 0) return nothingToDo;
  const setcap = setcapPlaces.find((place) => tree.entry(place) !== undefined);
  if (setcap === undefined) {
    const names = files.map(({ path }) => `/${path}`).join(', ');
    const cause = `on a shared root these have no capabilities: ${names}`;
    return { ...nothingToDo, blocked: { cause, hint: 'Add libcap2-bin to the packages of a layer.' } };
  }
  return changesOf([
    ...writeUnlessSame({ path: unitFile, content: renderCapabilityUnit(files, setcap), mode: 0o644 }, tree),
    ...linkUnlessSame(wanted, `/${unitFile}`, tree),
  ]);
}

function capableFiles(tree: SealTree): CapableFile[] {
  return [...tree.capabilities].flatMap(([path, hex]) => {
    const capabilities = describeCapabilities(hex);
    // A unit has one line per program.
    const isName = !/\p{Cc}/u.test(path) && tree.entry(path)?.kind === 'file';
    return capabilities === undefined || !isName ? [] : [{ path, capabilities }];
  });
}

export const capabilityActions: ActionKind<ActionOf<'capabilities'>> = {
  plan: (_action, tree) => planCapabilities(tree),
  hasSubject: (_action, tree) => capableFiles(tree).length > 0,
  touches: (_action, path) => path === unitFile || path === wanted,
};
