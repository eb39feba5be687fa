/** Every verb of the command line has its call of the API, or a reason why it works on files of its machine. */
import path from 'node:path';

import type { Command } from 'commander';
import { expect, test } from 'vitest';

import { apiRoutes } from '../../src/api/routes/all.ts';
import { commandTree } from '../../src/cli/command-tree.ts';

const files = 'works on cluster.yaml, images and overlays of its machine, also before there is a service';
const store = 'works on the store of its machine, for minutes and with its own progress';
const rack = 'virtual boards of this machine';
const machine = 'sets up, starts or describes this machine';
const keys = 'private keys do not leave the storage node';

/** By operationId; a text is a reason. */
const verbs: Readonly<Record<string, readonly string[] | string>> = {
  init: machine,
  build: ['buildImage'],
  serve: machine,
  helper: machine,
  apply: ['applyNodes'],
  status: ['getHealth', 'listNodes', 'listUnknownBoards', 'followEvents'],
  doctor: ['getDiagnosis', 'getNodeDiagnosis'],
  'node list': ['listNodes'],
  'node show': ['listNodes', 'getNode'],
  'node history': ['listNodeBoots', 'getNodeHistory'],
  'node add': ['addNode'],
  'node unknown': ['listUnknownBoards'],
  'node blink': ['blinkBoard'],
  'node adopt': ['adoptBoard', 'listUnknownBoards'],
  'node set': ['changeNode', 'setRoles', 'rebootNode', 'assignRole'],
  'node role': ['setRoles', 'assignRole'],
  'node reboot': ['rebootNode'],
  'node power on': ['switchPower'],
  'node power off': ['switchPower'],
  'node power cycle': ['switchPower', 'switchNodePower'],
  'node power status': ['listPower', 'listPowerRuns'],
  'node power discover': ['discoverPower', 'changeNode'],
  'node eeprom set': ['setNodeEeprom'],
  'node eeprom continue': ['listEeproms', 'setNodeEeprom'],
  'node eeprom cancel': ['getNodeEeprom', 'setNodeEeprom'],
  'node remove': ['removeNode'],
  'node explain': ['getNodePlan'],
  'node diff': ['getNodeOverlay', 'checkNodeOverlay'],
  'node export': ['listNodes'],
  'cluster shutdown': ['getPowerOrder', 'holdOperations', 'listPower', 'shutdownNode', 'switchNodePower'],
  'cluster start': ['getPowerOrder', 'releaseOperations', 'listPower', 'switchNodePower', 'listPowerRuns'],
  'operation list': ['listOperations'],
  'operation show': ['getOperation'],
  'operation watch': ['getOperation', 'followEvents'],
  'operation cancel': ['cancelOperation'],
  'operation resume': ['resumeOperation'],
  'rollout start': ['startRollout'],
  'rollout list': ['listRollouts'],
  'rollout show': ['getRollout'],
  'rollout watch': ['getRollout', 'followEvents'],
  'rollout pause': ['pauseRollout'],
  'rollout resume': ['resumeRollout'],
  'rollout abort': ['abortRollout'],
  'role list': ['listRoles'],
  'role show': ['getRole'],
  'role diff': ['getRole', 'setRoles'],
  'role history': ['getRoleHistory'],
  'overlay list': ['listOverlays'],
  'overlay show': ['getOverlay'],
  'overlay render': ['getNodePlan'],
  'overlay why': files,
  'overlay diff': ['getNodePlan'],
  rollback: ['setRoleImage', 'setNodeImage', 'rollBackNodes'],
  'image list': ['listImages'],
  'image show': ['listImages', 'getImage'],
  'image diff': store,
  'image why': store,
  'image verify': store,
  'image sign': keys,
  'image sbom': store,
  'image audit': store,
  'image doctor': store,
  'image pin': ['pinImage'],
  'image unpin': ['pinImage'],
  'image gc': store,
  'image catalog': files,
  'image import': store,
  'image lock': files,
  'image exec': store,
  'image shell': store,
  'config check': files,
  'config show': files,
  'secret list': keys,
  'secret show-public': keys,
  'secret make': keys,
  'secret rotate': ['rotateSecret'],
  'token create': ['createToken'],
  'token list': ['listTokens'],
  'token revoke': ['revokeToken'],
  whoami: ['whoami'],
  audit: ['listAudit'],
  api: ['getService'],
  inventory: ['listNodes', 'listRoles'],
  'nfs status': machine,
  'nfs stop': machine,
  'rack up': rack,
  'rack boot': rack,
  'rack status': rack,
  'rack console': rack,
  'rack exec': rack,
  'rack power': rack,
  'rack down': rack,
  'rack storm': rack,
  demo: rack,
  setup: machine,
  completion: machine,
};

/** For programs: no verb asks for them. */
const forPrograms = [
  'setNodeRole',
  'getToken',
  'getDocument',
  'getDocsPage',
  'getMetrics',
  'listTargets',
  'listLeases',
  'watchCluster',
];

function verbsOf(command: Command, words: readonly string[] = []): string[] {
  const children = command.createHelp().visibleCommands(command);
  const verbsBelow = children.filter((child) => child.name() !== 'help');
  if (verbsBelow.length === 0) return [words.join(' ')];
  return verbsBelow.flatMap((child) => verbsOf(child, [...words, child.name()]));
}

test('the table names every verb', async () => {
  const tree = await commandTree(path.resolve(import.meta.dirname, '../..'));

  expect(verbsOf(tree).toSorted()).toEqual(Object.keys(verbs).toSorted());
  // Modules of all commands are loaded, on a machine that may be busy.
}, 60_000);

test('every call that it names is one of the API, and none of those is without a verb', () => {
  const named = Object.values(verbs).flatMap((calls) => (typeof calls === 'string' ? [] : calls));
  const known = apiRoutes('0.1.0').map(({ id }) => id);

  expect([...new Set([...named, ...forPrograms])].toSorted()).toEqual(known.toSorted());
});
