/** Would a version of an image run without a disk? Every rule of the seal, with what became of it. */
import type { DisklessRuleId } from '../model/diskless.ts';
import type { ImageManifest } from '../model/manifest.ts';
import type { OverlaySource } from '../model/overlay-source.ts';
import { unitNameOf, unitStates } from './overlay-units.ts';
import { overlayTree } from './overlaid-tree.ts';
import type { RulePlan, SealContext } from './seal-action.ts';
import { isNeeded, planRule } from './seal-plan.ts';
import type { SealAction, SealFault, SealRule } from './seal-rule.ts';
import type { SealTree } from './seal-tree.ts';
import { whatItDoes } from './seal-words.ts';
import { isKeepable, sealRules } from './seal.ts';

type RuleResult = 'broken' | 'kept' | 'applied' | 'not needed';

export interface RuleFinding {
  readonly rule: DisklessRuleId;
  readonly result: RuleResult;
  /** A version with this would not boot, or wear something out; else it is only not as it should be. */
  readonly isWrong: boolean;
  readonly fault: SealFault;
  readonly does: readonly string[];
  readonly why: string;
  readonly undo: string;
  /** What is broken, or who keeps it. */
  readonly cause?: string;
  /** What to do about that. */
  readonly hint?: string;
}

/** A role that boots the image, with its overlays in their order. */
export interface RoleOverlays {
  readonly role: string;
  readonly overlays: readonly OverlaySource[];
}

export interface ImageToJudge {
  readonly manifest: ImageManifest;
  readonly tree: SealTree;
  readonly roles: readonly RoleOverlays[];
}

export function judgeImage(image: ImageToJudge): RuleFinding[] {
  const { manifest } = image;
  const context = { sources: '', enabled: manifest.diskless?.enabled ?? [] };
  return sealRules.map((rule) => {
    const { id, fault, why, undo } = rule;
    const { result, isWrong = false, cause, hint } = judgeRule(rule, image, context);
    const because = { ...(cause !== undefined && { cause }), ...(hint !== undefined && { hint }) };
    return Object.assign({ rule: id, result, isWrong, fault, does: whatItDoes(rule), why, undo }, because);
  });
}

interface Judged extends Pick<RuleFinding, 'result' | 'cause' | 'hint'> {
  readonly isWrong?: boolean;
}

function judgeRule(rule: SealRule, image: ImageToJudge, context: SealContext): Judged {
  const { manifest, tree, roles } = image;
  if (manifest.diskless?.kept.includes(rule.id) === true) return { result: 'kept', cause: 'image.yaml keeps it' };
  const plan = planRule(rule, tree, context);
  const broken =
    brokenInImage(rule, plan, manifest) ?? (isKeepable(rule.id) ? brokenByRole(rule, image, context) : undefined);
  if (broken !== undefined) return broken;
  if (plan.enabled.length > 0) return { result: 'kept', cause: `image.yaml enables ${plan.enabled.join(', ')}` };
  const idle = roles.flatMap((role) => idleUnits(rule, role, tree))[0];
  if (idle !== undefined) return idle;
  const isApplied = manifest.diskless?.applied.includes(rule.id) === true || isNeeded(rule, tree);
  return { result: isApplied ? 'applied' : 'not needed' };
}

const serious: ReadonlySet<SealFault> = new Set(['boot', 'wear', 'identity']);

function brokenInImage(
  { fault }: SealRule,
  { changes, blocked }: RulePlan,
  manifest: ImageManifest,
): Judged | undefined {
  if (changes.length > 0) {
    return { result: 'broken', isWrong: serious.has(fault), cause: namePaths(changes), hint: hintFor(manifest) };
  }
  return blocked === undefined ? undefined : { result: 'broken', isWrong: serious.has(fault), ...blocked };
}

const shownPaths = 4;

function namePaths(changes: RulePlan['changes']): string {
  const paths = changes.map(({ path }) => `/${path}`);
  const more = paths.length > shownPaths ? ` and ${paths.length - shownPaths} more` : '';
  return `not as it should be: ${paths.slice(0, shownPaths).join(', ')}${more}`;
}

function hintFor({ name, layers }: ImageManifest): string {
  return layers === undefined
    ? 'It was imported as it is. Build an image with "base: { root: FOLDER }" of it instead: a build applies the rules.'
    : `Build it again: "pi-image build ${name}".`;
}

/** A file that an overlay puts in the place of ours is its own decision; what it brings back is not. */
const broughtBack: ReadonlySet<SealAction['kind']> = new Set([
  'mask',
  'mask-generator',
  'remove',
  'comment',
  'drop-in',
]);

function brokenByRole(rule: SealRule, { tree, roles }: ImageToJudge, context: SealContext): Judged | undefined {
  const actions = rule.actions.filter(({ kind }) => broughtBack.has(kind));
  for (const { role, overlays } of roles) {
    const laid = overlayTree(tree, overlays);
    const [first] = planRule({ ...rule, actions }, laid, context).changes;
    if (first === undefined) continue;
    // A drop-in lies beside the file that needs it.
    const path = first.path.replace(/\.network\.d\/.*$/, '.network');
    const owner = laid.overlayOf(path);
    const by = owner === undefined ? `an overlay of the role ${role}` : `the overlay ${owner} (role ${role})`;
    return {
      result: 'broken',
      isWrong: serious.has(rule.fault),
      cause: `${by} brings it back with /${path}`,
      hint: `Take it out of the overlay; or keep the rule in image.yaml ("diskless: { keep: [${rule.id}] }") and build again.`,
    };
  }
  return undefined;
}

/** A mask of the image is stronger than an overlay that enables the unit. */
function idleUnits(rule: SealRule, { role, overlays }: RoleOverlays, tree: SealTree): Judged[] {
  const masked = rule.actions.flatMap((action) => (action.kind === 'mask' ? action.units : []));
  const states = unitStates(overlays);
  return masked
    .filter((unit) => states.get(unit) === 'enable' && tree.entry(`etc/systemd/system/${unit}`)?.target === '/dev/null')
    .map((unit) => {
      const owner = overlays.findLast(({ spec }) => spec.units.enable.map(unitNameOf).includes(unit))?.name ?? '';
      return {
        result: 'broken',
        cause: `the overlay ${owner} (role ${role}) enables ${unit}, which stays masked`,
        hint: `Enable it in image.yaml ("units: { enable: [${unit}] }" of a layer), and build again.`,
      };
    });
}
