/** pi-image image doctor: would a version run without a disk, and what was done to it for that? */
import path from 'node:path';

import type { Command } from 'commander';

import { readCluster, readOverlays } from '../../host/config-files.ts';
import { TreeOnDisk } from '../../host/seal-tree.ts';
import { ConfigError, HostError } from '../../model/errors.ts';
import type { ImageManifest } from '../../model/manifest.ts';
import { judgeImage, type RoleOverlays, type RuleFinding } from '../../plan/image-doctor.ts';
import { faultWords } from '../../plan/seal-words.ts';
import type { CliContext } from '../context.ts';
import { renderValue, withOutput, type OutputFormat } from '../output.ts';
import { whereImageIs } from '../own-root.ts';
import { readVersion } from '../read-version.ts';

export function registerImageDoctor(parent: Command, context: CliContext): void {
  const doctor = parent
    .command('doctor')
    .summary('say what was done to a version so that it runs without a disk, and what is broken')
    .description(
      'Every rule by which an image is made to run without a disk: applied, not needed, kept by image.yaml, or broken, because the version was ' +
        'built before there was the rule, was imported, or an overlay of a role that boots it brings back what the rule took away. ' +
        'With the reason and how to undo it; -o name prints the broken ones. Ends with 1 when nodes would not boot, or would wear something out.',
    )
    .argument('<image>', 'NAME for its newest version, or NAME@VERSION')
    .addHelpText(
      'after',
      '\nExamples:\n  pi-image image doctor pios-lite\n  pi-image image doctor pios-lite@20261121.1 -o yaml',
    )
    .action(async (reference: string, { output }: { output: OutputFormat }) => {
      const { manifest, index, folder } = await readVersion(reference, whereImageIs(context, reference).paths());
      const capabilities = new Map(
        (index?.entries ?? []).flatMap(({ path: file, xattrs }) => {
          const capability = xattrs?.['security.capability'];
          return capability === undefined ? [] : [[file, capability] as const];
        }),
      );
      const tree = new TreeOnDisk(path.join(folder, 'root'), capabilities);
      const findings = judgeImage({ manifest, tree, roles: await readRoles(manifest, context) });
      context.stdout(render(manifest, findings, output));
      const wrong = findings.filter(({ isWrong }) => isWrong);
      if (wrong.length > 0) throw describeWrong(manifest, wrong);
    });
  withOutput(doctor);
}

/** Where there is no cluster.yaml, there are no roles; where it is broken, that is no fault of the image. */
async function readRoles({ name, version }: ImageManifest, context: CliContext): Promise<RoleOverlays[]> {
  const { config, dataDirs } = context.paths();
  try {
    const { cluster } = await readCluster(config);
    const sources = await readOverlays(dataDirs);
    return Object.entries(cluster.roles)
      .filter(([, role]) => role.image === name || role.image === `${name}@${version}`)
      .map(([role, { overlays }]) => ({ role, overlays: overlays.flatMap((each) => sources.get(each) ?? []) }));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    context.stderr(`overlays were not looked at: ${error.message.split('\n')[0] ?? ''}\n`);
    return [];
  }
}

const results = ['broken', 'kept', 'applied', 'not needed'] as const;

function render(manifest: ImageManifest, findings: readonly RuleFinding[], output: OutputFormat): string {
  const broken = findings.filter(({ result }) => result === 'broken');
  if (output === 'name') return broken.map(({ rule }) => `${rule}\n`).join('');
  const image = `${manifest.name}@${manifest.version}`;
  if (output !== 'table') return renderValue({ image, rules: findings }, output);
  const counts = results.map((result) => `${findings.filter((each) => each.result === result).length} ${result}`);
  const parts = results.map((result) =>
    renderPart(
      result,
      findings.filter((each) => each.result === result),
    ),
  );
  return `${image}: ${counts.join(', ')}\n${parts.join('')}`;
}

function renderPart(result: (typeof results)[number], findings: readonly RuleFinding[]): string {
  if (findings.length === 0) return '';
  return `\n${result.toUpperCase()}\n${findings.map((finding) => renderFinding(finding)).join('')}`;
}

function renderFinding({ rule, result, fault, does, why, undo, cause, hint }: RuleFinding): string {
  const lines = [
    `  ${rule}: ${cause ?? why}`,
    ...(cause === undefined ? [] : [`    why: ${why}`]),
    ...(hint === undefined ? [] : [`    do: ${hint}`]),
    ...(result === 'broken' || result === 'kept' ? [`    without it: ${faultWords[fault]}`] : []),
    ...(result === 'applied' ? [`    does: ${does.join('; ')}`] : []),
    `    undo: ${undo}`,
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function describeWrong({ name, version }: ImageManifest, wrong: readonly RuleFinding[]): HostError {
  const [first] = wrong;
  const rules = wrong.map(({ rule }) => rule).join(', ');
  return new HostError(`${name}@${version} would not run well without a disk: ${rules}`, {
    ...(first?.hint !== undefined && { hint: first.hint }),
  });
}
