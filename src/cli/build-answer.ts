/** What "pi-image build -o json" says: the steps of a plan, or what came of them. */
import type { ResolvedBase } from '../model/image-base.ts';
import type { BuildPlan } from '../plan/build.ts';
import { stepTitle } from '../plan/build-text.ts';
import type { OutputFormat } from './output.ts';

export type BuildOutput = Exclude<OutputFormat, 'name'>;

export interface PlanAnswer {
  readonly image: string;
  /** False while nobody can look into the base: then it is the only step. */
  readonly isComplete: boolean;
  readonly isUpToDate: boolean;
  readonly steps: readonly {
    readonly action: string;
    readonly state: 'run' | 'cached';
    readonly title: string;
    readonly why: string;
  }[];
}

export interface BuiltAnswer {
  readonly image: string;
  readonly version: string;
  /** `same`: what was made anew holds what that version holds; `up-to-date`: nothing was made. */
  readonly result: 'published' | 'same' | 'up-to-date';
  /** Were the archives asked for newer packages? */
  readonly lookedForUpdates: boolean;
  /** What "image import" publishes, of a build without root. */
  readonly archive: string | undefined;
}

export function planAnswer(image: string, { steps, isUpToDate }: BuildPlan): PlanAnswer {
  const told = steps.map((step) => {
    const { kind: state, why } = step.state;
    return { action: step.action, state, title: stepTitle(step), why };
  });
  return { image, isComplete: true, isUpToDate, steps: told };
}

export function unknownPlanAnswer(image: string, { describe }: ResolvedBase): PlanAnswer {
  const why = 'its packages decide what the layers need';
  const unpack = { action: 'unpack', state: 'run', title: `base from ${describe}`, why } as const;
  return { image, isComplete: false, isUpToDate: false, steps: [unpack] };
}
