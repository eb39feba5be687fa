/** Opens what the running service stands on: lock, state, boots, site, secrets. */
import path from 'node:path';

import { openDatabase, type Database } from '../host/database/open.ts';
import type { ControllerWatch } from '../fleet/controller-watch.ts';
import type { ClusterSlurm } from '../fleet/slurm.ts';
import type { Reboots } from '../fleet/reboots.ts';
import { openFrozenBoots, type FrozenBoots } from '../host/frozen-boots.ts';
import { imagesDir, persistentDir, squashDir } from '../host/image-store.ts';
import { openSecrets, type Secrets } from '../host/secrets.ts';
import { lockState } from '../host/state-lock.ts';
import { signOlderVersions } from '../host/trusted-images.ts';
import { holdBoot } from '../model/generation-pin.ts';
import type { Log } from '../model/log.ts';
import type { NodeSpec } from '../model/node.ts';
import { heldGenerations } from '../plan/held-generations.ts';
import { isOnHold } from '../plan/hold.ts';
import { IdentityConflicts } from '../plan/identity-conflicts.ts';
import { neededSecrets } from '../plan/overlay.ts';
import type { RootDirs } from '../plan/root-mode.ts';
import { bootFileFinder, type FindBootFile } from '../serve/boot-files.ts';
import type { BootImages } from '../serve/boot-images.ts';
import { createBoots, type Boots } from '../serve/boots.ts';
import { createChallenges, type Challenges } from '../serve/challenges.ts';
import { createClaims, type Claims } from '../serve/claims.ts';
import { createHeartbeats, type Heartbeats } from '../serve/heartbeats.ts';
import { createHolds, type Holds } from '../serve/holds.ts';
import { createHealth, type Health } from '../serve/health.ts';
import { createLiveParts, type LiveParts } from '../serve/live-parts.ts';
import { withLimitedWarnings } from '../serve/limited-log.ts';
import { nodeOverlays } from '../serve/node-overlay.ts';
import { createOverlayChecks, type OverlayChecks } from '../serve/overlay-checks.ts';
import type { RootActs } from '../serve/root-acts.ts';
import { createRoots, type Roots } from '../serve/roots.ts';
import { seenAddresses } from '../serve/seen-addresses.ts';
import { createCounts, type ServiceCounts } from '../serve/service-counts.ts';
import { openSite, type Site } from '../serve/site.ts';
import { tokenClaims, type ClaimToken } from '../serve/token-claims.ts';
import type { Paths } from './context.ts';
import { openBootImages } from './wire-up-http.ts';
import { openReboots } from './wire-up-nodes.ts';
import { openBuilds, type ServiceBuilds } from './wire-up-builds.ts';
import { openEeproms, type ServiceEeproms } from './wire-up-eeproms.ts';
import { slurmParts, type ServiceMunge } from './wire-up-munge.ts';
import { openPower, type ServicePower } from './wire-up-power.ts';
import { rootActsByHelper, rootActsHere } from './wire-up-root-acts.ts';
import { siteReaders } from './wire-up-site.ts';

export interface Service extends RootDirs {
  readonly site: Site;
  readonly state: Database['state'];
  readonly events: Database['events'];
  readonly tokens: Database['tokens'];
  readonly answers: Database['answers'];
  readonly audit: Database['audit'];
  readonly boots: Boots;
  readonly heartbeats: Heartbeats;
  readonly challenges: Challenges;
  readonly liveParts: LiveParts;
  readonly overlayChecks: OverlayChecks;
  /** What a boot was begun with, by its generation. */
  readonly frozen: Pick<FrozenBoots, 'get'>;
  readonly reboots: Reboots;
  readonly power: ServicePower;
  readonly slurm: ClusterSlurm;
  /** Those that were the controller and are heard no more. */
  readonly controllers: ControllerWatch;
  /** Another munge key for the running cluster. */
  readonly munge: ServiceMunge;
  /** Builds of images that the API was asked for. */
  readonly builds: ServiceBuilds;
  readonly health: Health;
  readonly counts: ServiceCounts;
  /** What takes root. */
  readonly acts: RootActs;
  readonly roots: Roots;
  readonly bootImages: BootImages;
  readonly claimToken: ClaimToken;
  readonly holds: Holds;
  readonly claims: Claims;
  readonly eeproms: ServiceEeproms;
  /** Boards that nobody can say which node they are. */
  readonly conflicts: IdentityConflicts;
  readonly find: FindBootFile;
  readonly overlayOf: ReturnType<typeof nodeOverlays>;
  /** Writes what is not on the disk yet, and lets others in. */
  readonly close: () => Promise<void>;
}

/** A service that is just ending is waited for. */
const lockWaitMs = 6000;

/** @throws PiImageError when the configuration or the state cannot be used: then nothing is served. */
export async function openService(options: Opening): Promise<Service> {
  const { paths, signal } = options;
  const lock = await lockState(paths.state, { purpose: 'serve', waitMs: lockWaitMs, signal });
  try {
    return await openLocked(options, () => lock.release());
  } catch (error) {
    await lock.release();
    throw error;
  }
}

const now = () => Date.now();

function rootDirs(state: string): RootDirs {
  return { imagesDir: imagesDir(state), squashDir: squashDir(state), persistentDir: persistentDir(state) };
}

interface Opening {
  readonly paths: Paths;
  /** This process is not root: another one does what takes it, and has prepared the state. */
  readonly byHelper?: boolean;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** What all the rest stands on: state, site, boots. */
async function openGround({ paths, byHelper = false, log, signal }: Opening) {
  const health = createHealth(now);
  const database = await openDatabase(paths.state, now);
  const { state, boots: bootsFile, events } = database;
  const begun = bootsFile.current().boots.map(({ generation }) => generation);
  const held = () => heldGenerations(state.current());
  const frozen = await openFrozenBoots(path.join(paths.state, 'boot'), new Set([...begun, ...held()]));
  const addresses = seenAddresses(bootsFile);
  if (!byHelper) await signOlderVersions(paths.state, log);
  const readers = siteReaders(paths, untrustedTo(health, log));
  const { append } = events;
  const site = await openSite({ ...readers, state, held: heldBoot(state, frozen), addresses, append, health, log });
  const dirs = rootDirs(paths.state);
  const acts = byHelper ? rootActsByHelper(paths) : rootActsHere({ paths, log })(site.view().cluster);
  const roots = createRoots({ acts, site, state, health, log, signal });
  const heartbeats = createHeartbeats(now);
  const challenges = createChallenges({ heartbeats, append, now, log });
  const { settle } = roots;
  const boots = createBoots({ file: bootsFile, frozen, held, site, settle, health, challenges, now, log });
  return { database, bootsFile, dirs, known: { site, health, frozen, acts, roots, heartbeats, challenges, boots } };
}

async function openLocked(opening: Opening, unlock: () => Promise<void>): Promise<Service> {
  const { paths, log, signal } = opening;
  const { database, bootsFile, dirs, known } = await openGround(opening);
  const { site, health, frozen, heartbeats, boots } = known;
  const { state, events, tokens, answers, audit } = database;
  const claims = createClaims({ site, boots, isSilent: heartbeats.isSilent, now, log });
  const secrets = await openSecrets(path.join(paths.state, 'secrets'), { log, signal });
  const secretsFor = nodeSecrets(site, secrets);
  const power = await openPower({ state, site, boots, health, secrets, log, signal });
  const reboots = await openReboots({ events, power, site, state, heartbeats, boots: boots.all, secrets, log, signal });
  const holds = createHolds({ state, now, log });
  const eeproms = await openEeproms(paths.state, { state, site, boots, now, log });
  const bootImages = openBootImages({ ...dirs, paths, log, signal });
  const limited = withLimitedWarnings(log, now);
  const files = { site, boots, bootImages, claims, waiting: holds.waiting, ...dirs, log: limited };
  return {
    ...known,
    ...dirs,
    state,
    events,
    tokens,
    answers,
    audit,
    liveParts: createLiveParts({ site, frozen, secretsFor, log }),
    overlayChecks: createOverlayChecks(),
    reboots,
    power,
    ...slurmParts({ stateDir: paths.state, site, state, boots, heartbeats, power, secrets, log, signal }),
    builds: openBuilds({ paths, state, log, byHelper: opening.byHelper === true }),
    counts: createCounts({ site, boots, events }),
    bootImages,
    claimToken: tokenClaims({ file: bootsFile, frozen, site, now }),
    holds,
    claims,
    eeproms,
    conflicts: new IdentityConflicts(),
    find: eeproms.beside(bootFileFinder(files)),
    overlayOf: nodeOverlays({ site, frozen, boots, secretsFor }),
    close: async () => {
      await reboots.settled();
      await power.settled();
      boots.flush();
      await database.close();
      await unlock();
    },
  };
}

/** Of another role than it has now, it is of no use. */
function heldBoot(state: Database['state'], frozen: Pick<FrozenBoots, 'get'>) {
  return (node: NodeSpec) => {
    const { name, role, board } = node;
    if (isOnHold(node, state.current().generationPins)) return holdBoot;
    const boot = frozen.get(state.current().generationPins[name]?.generation ?? '');
    return boot?.generation.role === role && boot.generation.board === board ? boot : undefined;
  };
}

function untrustedTo(health: Health, log: Log) {
  return (problems: readonly string[]) => {
    health.report('images', problems);
    for (const problem of problems) log.warn('image.untrusted', { problem });
  };
}

function nodeSecrets(site: Site, secrets: Secrets) {
  return (node: NodeSpec) => {
    const view = site.view();
    return secrets.valuesFor(node, neededSecrets(node, view), view.cluster.secrets);
  };
}
