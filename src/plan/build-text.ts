/** What people read of a plan: `--plan`, `--explain` and progress. */
import type { ResolvedBase } from '../model/image-base.ts';
import type { BuildPlan, BuildStep } from './build.ts';

/** What a person reads for a step. */
export function stepTitle(step: BuildStep): string {
  switch (step.action) {
    case 'bootstrap':
      return `base of ${step.packages.length} packages`;
    case 'unpack':
      return `base from ${step.base.describe}`;
    case 'layer':
      return `layer ${step.layer}${describeLayer(step)}`;
    case 'flatten':
      return `one tree of ${step.keys.length} layers`;
    case 'boot-files':
      return `boot files for ${step.boards.join(', ')}`;
    case 'initramfs':
      return 'initramfs';
    case 'seal':
      return 'seal: no secrets, no identity, nothing that needs a disk';
    case 'lint':
      return 'look for secrets';
    case 'publish':
      return 'publish';
    default:
      return step satisfies never;
  }
}

function describeLayer(step: Extract<BuildStep, { action: 'layer' }>): string {
  const { packages, removes, groups, users, run, files, units } = step;
  const accounts = [...groups, ...users].map(({ name }) => name);
  const content = [
    ...(packages.length > 0 ? [`${packages.length} packages`] : []),
    ...(removes.length > 0 ? [`without ${removes.join(' ')}`] : []),
    ...(accounts.length > 0 ? [`accounts ${[...new Set(accounts)].join(' ')}`] : []),
    ...run,
    ...(files === undefined ? [] : [`files from ${files}`]),
    ...Object.entries(units).flatMap(([verb, names]) => (names.length > 0 ? [`${verb} ${names.join(' ')}`] : [])),
  ];
  return content.length === 0 ? '' : `: ${content.join(', ')}`;
}

/** Lines for `--plan`; with reasons for `--explain`. */
export function renderPlan(plan: BuildPlan, withReasons: boolean): string {
  return plan.steps
    .map((step, index) => {
      const verb = step.state.kind === 'cached' ? 'cached' : 'run   ';
      const why = withReasons ? `\n             ${step.state.why}` : '';
      return `${String(index + 1).padStart(2)}. ${verb}  ${stepTitle(step)}${why}\n`;
    })
    .join('');
}

/** While nobody can look into the base. */
export function renderUnknownPlan({ describe }: ResolvedBase): string {
  return ` 1. run     base from ${describe}\n    The rest is known when the base has been unpacked: its packages decide what the layers need.\n`;
}
