/** The parts of the running service, each with what it needs. */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { runChrony } from '../host/chrony.ts';
import type { NfsChoice } from '../host/nfs/choose.ts';
import { PiImageError } from '../model/errors.ts';
import type { Log } from '../model/log.ts';
import type { NodeSpec } from '../model/node.ts';
import type { ClusterView } from '../model/view.ts';
import { renderChronyConfig } from '../plan/chrony-config.ts';
import { holdProblems } from '../plan/operation-hold.ts';
import { roleSide } from '../plan/role-change-side.ts';
import { forgetBoards } from '../plan/state-changes.ts';
import { runExports } from '../serve/exports.ts';
import { followBoots } from '../serve/neighbours.ts';
import { nodeProblems } from '../serve/node-health.ts';
import { planAhead } from '../serve/plan-ahead.ts';
import { watchSite } from '../serve/site.ts';
import type { Plane } from '../serve/plane/service.ts';
import type { Part } from '../serve/supervise.ts';
import type { Paths } from './context.ts';
import { requireExportsApart } from './exports-apart.ts';
import { absencesPart } from './wire-up-absences.ts';
import { apiParts } from './wire-up-api-parts.ts';
import { buildsPart } from './wire-up-builds.ts';
import { httpPart } from './wire-up-http.ts';
import { webhooksPart } from './wire-up-webhooks.ts';
import { controllersPart } from './wire-up-controllers.ts';
import { mungePart } from './wire-up-munge.ts';
import { fallBackPart } from './wire-up-fall-backs.ts';
import { operationsPart } from './wire-up-operations.ts';
import { rolloutsPart } from './wire-up-rollouts.ts';
import type { Service } from './wire-up.ts';

export interface PartsOptions {
  readonly paths: Paths;
  readonly nfs: NfsChoice;
  readonly servesTime: boolean;
  readonly log: Log;
}

export function serviceParts(service: Service, plane: Plane, options: PartsOptions): Part[] {
  return [
    ...plane.parts,
    httpPart(service, options),
    nfsPart(service, options),
    ...(options.servesTime ? [timePart(service, options)] : []),
    ...apiParts(service, options),
    watchPart(service),
    bootsPart(service),
    rootsPart(service),
    operationsPart(service, options.log),
    rolloutsPart(service, options.log),
    absencesPart(service, options.log),
    fallBackPart(service, options.log),
    mungePart(service),
    buildsPart(service),
    controllersPart(service),
    neighboursPart(service, options),
    webhooksPart(service, options),
  ];
}

function nfsPart(service: Service, { paths, nfs, log }: PartsOptions): Part {
  const run: Part['run'] = async (signal, ready) => {
    const exporter = await service.acts.chooseExporter(nfs);
    // A share may have been added since the start.
    await requireExportsApart(paths, service.site.view().cluster);
    await runExports({ ...service, exporter, log }, signal, ready);
  };
  return { name: 'nfs', run };
}

function timePart({ site }: Service, { paths }: PartsOptions): Part {
  const { address } = site.view().cluster.network;
  const pidFile = path.join(paths.runtime, 'chronyd.pid');
  const configFile = path.join(paths.runtime, 'chrony.conf');
  const config = renderChronyConfig({ address, pidFile });
  return { name: 'time', run: (signal, ready) => runChrony({ configFile, config, pidFile, signal, ready }) };
}

function watchPart({ site, acts }: Service): Part {
  const run: Part['run'] = async (signal, ready) => {
    ready();
    await Promise.all([
      watchSite(site, signal),
      planAhead({ ...site, prepare: prepareRole }, signal),
      acts.sweepStore(),
    ]);
  };
  return { name: 'watch', run };
}

const tidyMs = 5000;

/** The cluster's tables as text: a change of role compares with them. */
function prepareRole(node: NodeSpec, view: ClusterView): void {
  try {
    roleSide(node, view);
  } catch (error) {
    // Told where the node stands, and to whoever changes its role.
    if (!(error instanceof PiImageError)) throw error;
  }
}

function bootsPart({ site, boots, eeproms, state, health }: Service): Part {
  const run: Part['run'] = async (signal, ready) => {
    while (!signal.aborted) {
      await boots.tidy();
      await eeproms.advance();
      const hasForgotten = forgetBoards(state.current(), Date.now()) !== state.current();
      if (hasForgotten) await state.update((current) => forgetBoards(current, Date.now()));
      health.report('nodes', nodeProblems(site));
      health.report('held', holdProblems(state.current()));
      ready();
      await sleep(tidyMs, undefined, { signal }).catch(() => undefined);
    }
  };
  return { name: 'boots', run };
}

function rootsPart({ roots, boots }: Service): Part {
  const run: Part['run'] = (signal, ready) => {
    ready();
    return roots.keep(boots, signal);
  };
  return { name: 'roots', run };
}

/** A kernel that keeps no neighbours for us costs a slow board its boot, and is no reason to call the service ill. */
function neighboursPart({ site, boots }: Service, { log }: PartsOptions): Part {
  const run: Part['run'] = (signal, ready) => {
    ready();
    return followBoots({ site, boots, log }, signal);
  };
  return { name: 'neighbours', run };
}
