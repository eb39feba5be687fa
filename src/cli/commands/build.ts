/** pi-image build: makes a new version of an image, or says that there is nothing to do. */
import { Option } from 'commander';

import { adoptNumbers } from '../../build/adopt-numbers.ts';
import { handOver } from '../../build/hand-over.ts';
import { lockChanges, readLock, writeLock } from '../../build/lock-file.ts';
import { prepareBuild, type BuildOptions, type PlannedBuild } from '../../build/prepare-build.ts';
import { runBuild } from '../../build/run.ts';
import { buildEngines, type BuildEngine, type BuildRequest } from '../../build/running-build.ts';
import { squashNewest, type SquashedVersion } from '../../build/squash-version.ts';
import { imagesDir, listVersions } from '../../host/image-store.ts';
import { isOfNamespace } from '../../host/state-owner.ts';
import { isInUserNamespace } from '../../host/user-namespace.ts';
import { sweepIfIdle } from '../../host/work-dir.ts';
import { renderBytes } from '../../model/bytes.ts';
import { HostError } from '../../model/errors.ts';
import type { PackageLock } from '../../model/package-lock.ts';
import { renderPlan, renderUnknownPlan } from '../../plan/build-text.ts';
import type { SourceOverrides } from '../../plan/build-sources.ts';
import { planAnswer, unknownPlanAnswer, type BuildOutput, type BuiltAnswer, type PlanAnswer } from '../build-answer.ts';
import { sayProgress, showProgress, type ShownProgress } from '../build-progress.ts';
import { buildThere } from '../build-there.ts';
import { buildRequest } from '../build-request.ts';
import { systemState, type CliContext, type RegisterCommand } from '../context.ts';
import { renderValue, withOutput } from '../output.ts';
import { asRoot, inOwnState } from '../own-root.ts';
import { sourceOption } from '../source-option.ts';

interface BuildFlags {
  readonly plan?: boolean;
  readonly explain?: boolean;
  readonly update?: boolean;
  readonly anew?: boolean;
  readonly again?: boolean;
  readonly offline?: boolean;
  readonly engine: BuildEngine;
  readonly squash?: boolean;
  readonly output: BuildOutput;
  /** For a program that started this one. */
  readonly progress?: 'json';
  readonly mirror: Readonly<Record<string, string>>;
  readonly keyring: Readonly<Record<string, string>>;
}

export const registerBuild: RegisterCommand = (program, context) => {
  const command = program
    .command('build <image>')
    .summary('make a new version of an image')
    .description(
      'Builds images/<image>/image.yaml into a new version. What did not change is taken from the cache; when nothing ' +
        'changed, nothing is done and no network is needed. Without root it works in ~/.cache/pi-image, or in --state DIR, and ' +
        'writes an archive that "sudo pi-image image import" publishes. With --server that service builds it, as an ' +
        'operation, which is followed to its end: Ctrl-C ends the watching, "pi-image operation cancel" the build.',
    )
    .option('--plan', 'print the steps and do nothing')
    .option('--explain', 'like --plan, with the reason for each step')
    .option('--update', 'look for newer packages; they become a layer on top, or a new base where they are many')
    .option('--anew', 'take the newest of every package, with a new base')
    .option('--again', 'make a version though nothing changed, and share no damaged file with earlier ones')
    .addOption(new Option('--offline', 'use only what is on this machine').conflicts(['update', 'anew']))
    .option('--squash', "also make the version's squashfs, for roles with root: squash or ram")
    .addOption(
      new Option('--engine <engine>', 'how packages are installed where arm64 is emulated; the result is the same')
        .choices(buildEngines)
        .default('fast'),
    )
    .addOption(new Option('--progress <how>').choices(['json']).hideHelp())
    .addOption(sourceOption('--mirror <source=url>', 'take an archive from this address'))
    .addOption(sourceOption('--keyring <source=file>', 'trust this key file for an archive'))
    .addHelpText(
      'after',
      '\nExamples:\n  pi-image build debian-lite\n  pi-image build debian-lite --explain\n  pi-image build debian-lite --update',
    )
    .action(async (image: string, flags: BuildFlags) => {
      const server = await context.service();
      if (typeof server !== 'string') return buildThere(server, { image, ...flags }, context);
      return buildOptions(flags).onlyPlan
        ? build(image, flags, inOwnState(context))
        : asRoot(context, () => build(image, flags, context));
    });
  withOutput(command, ['table', 'json', 'yaml']);
};

async function build(name: string, flags: BuildFlags, context: CliContext): Promise<void> {
  const shown = flags.progress === 'json' ? sayProgress(context) : showProgress(context);
  const { output } = flags;
  const say = output === 'table' ? context.stdout : () => undefined;
  try {
    const answer = await buildShown(name, flags, { context, shown, say });
    const isPacked = flags.squash === true && !buildOptions(flags).onlyPlan;
    const squashed = isPacked ? { squash: await squash(name, { context, shown, say }) } : {};
    if (output !== 'table') context.stdout(renderValue({ ...answer, ...squashed }, output));
  } finally {
    shown.close();
  }
}

interface Shown {
  readonly context: CliContext;
  readonly shown: ShownProgress;
  /** For people; a program gets one document at the end. */
  readonly say: (text: string) => void;
}

/**
 * What root has to do with a version that was built without root. In a container with a service of its own, nothing.
 * @returns the archive for it
 */
async function sayHandover(
  request: BuildRequest,
  lock: PackageLock,
  { shown, say }: Shown,
): Promise<string | undefined> {
  if (request.stateDir === systemState || !(await isOfNamespace(request.stateDir))) return undefined;
  const archive = await handOver(request, lock);
  shown.close();
  say(`to publish it on this machine: sudo pi-image image import ${archive}\n`);
  return archive;
}

async function buildShown(name: string, flags: BuildFlags, show: Shown): Promise<PlanAnswer | BuiltAnswer> {
  const { context, shown, say } = show;
  const asked = await buildRequest(name, { context, progress: shown.progress, offline: flags.offline === true });
  const request = { ...asked, engine: flags.engine };
  const options = buildOptions(flags);
  if (await isInUserNamespace()) await adoptNumbers({ name, from: systemState, to: request.stateDir });
  const before = await readLock(request);
  const planned = await prepareBuild(request, options);
  if (planned.kind === 'base-first') {
    say(renderUnknownPlan(planned.base));
    return unknownPlanAnswer(name, planned.base);
  }
  if (options.onlyPlan) {
    say(renderPlan(planned.plan, flags.explain === true));
    return planAnswer(name, planned.plan);
  }
  const built = planned.plan.isUpToDate
    ? await leaveAsItIs(request, { planned, before, say })
    : await runPlan(request, { planned, before, show });
  const archive = await sayHandover(request, planned.lock, show);
  return { image: name, ...built, lookedForUpdates: planned.lookedForUpdates, archive };
}

type Built = Pick<BuiltAnswer, 'version' | 'result'>;

interface Planned {
  readonly planned: PlannedBuild;
  readonly before: PackageLock | undefined;
}

async function leaveAsItIs(
  request: BuildRequest,
  { planned, before, say }: Planned & Pick<Shown, 'say'>,
): Promise<Built> {
  const { stateDir, name } = request;
  await sweepIfIdle(stateDir);
  // The answer is as fresh as its date says, also when it is the same.
  if (planned.lookedForUpdates && planned.lock !== before) await writeLock(request, planned.lock);
  const [newest] = await listVersions(imagesDir(stateDir), name);
  if (newest === undefined) throw new HostError(`${name} has no version`);
  say(upToDate(`${name}@${newest.version}`, planned));
  return { version: newest.version, result: 'up-to-date' };
}

async function runPlan(
  request: BuildRequest,
  { planned, before, show: { shown, say } }: Planned & { readonly show: Shown },
): Promise<Built> {
  if (before !== undefined && planned.lookedForUpdates) {
    for (const change of lockChanges(before, planned.lock)) shown.progress.note(`  ${change}`);
  }
  const { kind: result, version } = await runBuild(request, planned);
  shown.close();
  const id = `${request.name}@${version}`;
  say(result === 'published' ? `published ${id}\n` : `nothing to publish: what was made anew holds what ${id} holds\n`);
  return { version, result };
}

async function squash(name: string, { context, shown, say }: Shown): Promise<SquashedVersion> {
  shown.progress.note(`packing the squashfs of ${name}`);
  const made = await squashNewest(context.paths().state, name, context.signal);
  say(`${made.version}: root.squashfs of ${renderBytes(made.sizeBytes)}, sha256 ${made.sha256}\n`);
  return made;
}

function buildOptions(flags: BuildFlags): BuildOptions {
  const overrides: SourceOverrides = { mirrors: flags.mirror, keyrings: flags.keyring };
  const update = flags.anew === true ? 'anew' : flags.update === true;
  return { update, again: flags.again === true, overrides, onlyPlan: flags.plan === true || flags.explain === true };
}

function upToDate(version: string, { lock, lookedForUpdates }: PlannedBuild): string {
  return lookedForUpdates
    ? `nothing to do: ${version} is up to date; the archives have no newer packages\n`
    : `nothing to do: ${version} is up to date with its package lock of ${lock.resolvedAt.slice(0, 10)}; --update looks for newer packages\n`;
}
