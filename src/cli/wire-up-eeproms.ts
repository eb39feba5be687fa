/** EEPROMs of nodes: what is kept of them, and what the API does with them. */
import path from 'node:path';

import type { EepromActions } from '../api/actions.ts';
import { setEeprom } from '../fleet/eeprom-edits.ts';
import { openEepromFiles, type EepromFiles } from '../host/eeprom-files.ts';
import { createEeproms, type Eeproms, type EepromsDeps } from '../serve/eeproms.ts';
import { viewEeprom } from '../plan/eeprom-view.ts';
import type { NodeSpec } from '../model/node.ts';
import type { Service } from './wire-up.ts';

export interface ServiceEeproms extends Eeproms {
  readonly files: EepromFiles;
}

/** Images that nobody is to get any more go when the service starts: nothing is being staged then. */
export async function openEeproms(stateDir: string, deps: Omit<EepromsDeps, 'files'>): Promise<ServiceEeproms> {
  const files = openEepromFiles(path.join(stateDir, 'eeprom'));
  const records = Object.values(deps.state.current().eeproms);
  await files.keepOnly(new Set(records.flatMap(({ desired }) => desired?.image.sha256 ?? [])));
  return { ...createEeproms({ ...deps, files }), files };
}

export function eepromActions(
  { state, site, eeproms }: Pick<Service, 'state' | 'site' | 'eeproms'>,
  named: (name: string) => NodeSpec,
): EepromActions {
  const view = (node: NodeSpec) => viewEeprom(node, eeproms.of(node.name));
  const deps = { state, files: eeproms.files, now: () => Date.now() };
  return {
    eeproms: () => site.view().nodes.map(view),
    eeprom: (name) => view(named(name)),
    setEeprom: (name, wanted, options) => setEeprom(name, wanted, options, deps),
  };
}
