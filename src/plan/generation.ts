/** What exactly would this node boot? The frozen part of its boot plan, under the hash of its content. */
import { boards } from '../model/board.ts';
import { ConfigError } from '../model/errors.ts';
import { tokenSlot, type Generation } from '../model/generation.ts';
import type { NodeFile } from '../model/node-file.ts';
import type { NodeSpec } from '../model/node.ts';
import { isSameList } from '../model/same-list.ts';
import type { BoardTemplates, ClusterView } from '../model/view.ts';
import { canBootSigned, planBootImage } from './boot-image.ts';
import { canonicalJson, sha256 } from './canonical-json.ts';
import { hasOwnAddresses } from './learned-addresses.ts';
import { renderLoaderTexts } from './loader-texts.ts';
import { frozenVariables, roleOf } from './overlay-variables.ts';
import { overlayDigest, renderFrozenOverlay } from './overlay.ts';
import { compileTemplate, type Template, type TemplateVariables } from './render.ts';
import { decideRoot, rootVariables, type NodeRoot } from './root-mode.ts';
import { isConfiglessRole } from './slurm.ts';

/** The firmware of every Pi reads this much of config.txt and ignores the rest without a word. */
const maxConfigTxtBytes = 4096;

/** COMMAND_LINE_SIZE of Linux on arm64 is 2048 with the terminating zero; what is longer is cut off. */
const maxCommandLineBytes = 2047;

export function planGeneration(node: NodeSpec, view: ClusterView): Generation {
  return planFrozen(node, view).generation;
}

export interface PlannedBoot {
  readonly generation: Generation;
  /** The frozen part of its overlay. */
  readonly overlay: NodeFile[];
}

export function planFrozen(node: NodeSpec, view: ClusterView): PlannedBoot {
  const role = roleOf(node, view);
  const root = decideRoot(node, view);
  const { manifest, mode, squash } = root;
  const overlay = renderFrozenOverlay({ node, view, manifest });
  const isSigned = role.boot === 'signed';
  if (isSigned) requireSignedBoard(node);
  const content = {
    format: 1,
    node: node.name,
    role: node.role,
    board: node.board,
    image: { name: manifest.name, version: manifest.version },
    rootMode: mode,
    ...(squash !== undefined && { squash }),
    ...(isSigned && ({ boot: 'signed' } as const)),
    ...bootTexts(node, view, root),
    overlayDigest: overlayDigest(overlay),
  } as const;
  // One that a board could not load is refused now, not when the board asks for it.
  if (isSigned) planBootImage(content, manifest);
  return { generation: { ...content, id: sha256(canonicalJson(content)) }, overlay };
}

function requireSignedBoard({ name, board, role }: NodeSpec): void {
  if (canBootSigned(board)) return;
  throw new ConfigError(`${name} is a ${board}, which cannot boot signed as its role ${role} wants it`, {
    hint: `Only Pi 4 and Pi 5 load a signed boot.img: give ${name} another role.`,
  });
}

type BootTexts = Pick<Generation, 'configTxt' | 'commandLine' | 'texts'>;

interface KnownTexts {
  /** All that they follow from but the node, each the same object as long as it says the same. */
  readonly from: readonly unknown[];
  readonly texts: BootTexts;
}

/** An edit of overlays plans a thousand nodes anew, and leaves what firmware reads as it is. */
const knownTexts = new WeakMap<NodeSpec, KnownTexts>();

function bootTexts(node: NodeSpec, view: ClusterView, root: NodeRoot): BootTexts {
  const { cluster, imageChoices, boardTemplates } = view;
  const { manifest, mode, squash } = root;
  const isConfigless = isConfiglessRole(node.role, view);
  const from = [cluster, imageChoices, boardTemplates.get(node.board), manifest, mode, squash, isConfigless];
  const known = knownTexts.get(node);
  if (known !== undefined && isSameList(known.from, from)) return known.texts;
  const texts = renderBootTexts(node, view, root);
  knownTexts.set(node, { from, texts });
  return texts;
}

function renderBootTexts(node: NodeSpec, view: ClusterView, root: NodeRoot): BootTexts {
  const templates = view.boardTemplates.get(node.board);
  if (templates === undefined) {
    throw new ConfigError(`there are no boot templates for the board ${node.board} of ${node.name}`, {
      hint: `Write boot/${node.board}/config.txt.hbs and boot/${node.board}/cmdline.txt.hbs.`,
    });
  }
  const isSigned = roleOf(node, view).boot === 'signed';
  const variables = isSigned ? signedVariables(node, view, root) : bootVariables(node, view, root);
  const options = isSigned ? { notHere: notInBootImage } : {};
  const folder = `boot/${node.board}`;
  const { config, cmdline } = compiledTemplates(templates, folder);
  const configTxt = config(variables, options);
  const commandLine = oneLine(cmdline(variables, options));
  checkLength(configTxt, maxConfigTxtBytes, `${folder}/config.txt.hbs`);
  checkLength(commandLine, maxCommandLineBytes, `${folder}/cmdline.txt.hbs`);
  if (!isSigned && commandLine.split(tokenSlot).length !== 2) {
    throw new ConfigError(`${folder}/cmdline.txt.hbs must hold {{token}} exactly once`, {
      hint: 'Write pi_image.token={{token}} into its line.',
    });
  }
  requireModeInLine(commandLine, root, `${folder}/cmdline.txt.hbs`);
  const texts = isSigned ? undefined : renderLoaderTexts(templates, { ...variables, commandLine }, folder);
  return { configTxt, commandLine, ...(texts !== undefined && { texts }) };
}

/** A thousand nodes compile once. */
const compiled = new WeakMap<BoardTemplates, { readonly config: Template; readonly cmdline: Template }>();

export function compiledTemplates(templates: BoardTemplates, folder: string) {
  const known = compiled.get(templates) ?? {
    config: compileTemplate(templates.configTxt, `${folder}/config.txt.hbs`),
    cmdline: compileTemplate(templates.cmdlineTxt, `${folder}/cmdline.txt.hbs`),
  };
  compiled.set(templates, known);
  return known;
}

/** A template of the owner's from before root modes says nothing of them. */
function requireModeInLine(commandLine: string, { mode }: NodeRoot, source: string): void {
  if (mode === 'shared' || commandLine.split(' ').includes(`pi_image.mode=${mode}`)) return;
  throw new ConfigError(`${source} does not pass on the root mode ${mode}`, {
    hint: 'Take its line with pi_image.root from the template that ships.',
  });
}

function bootVariables(node: NodeSpec, view: ClusterView, root: NodeRoot): TemplateVariables {
  const { manifest } = root;
  const { name, version } = manifest;
  const kernel = manifest.kernels.find(({ boards: ofKernel }) => ofKernel.includes(node.board));
  if (kernel === undefined) {
    const known = [...new Set(manifest.kernels.flatMap((other) => other.boards))].toSorted();
    throw new ConfigError(`the image ${name} ${version} has no kernel for ${node.name}, a ${node.board}`, {
      hint: `It boots: ${known.join(', ') || 'nothing'}. Add ${node.board} under boards: in images/${name}/image.yaml and build it.`,
    });
  }
  return {
    ...frozenVariables(node, view),
    arguments: [...(manifest.kernelArguments ?? []), ...roleOf(node, view).kernelArguments].join(' '),
    board: { name: node.board, console: boards[node.board].console },
    /** Where the DHCP answer is not ours, and names nobody. */
    host: hasOwnAddresses(view.cluster) ? undefined : node.name,
    /** Unique per board, and the same at every boot: two NFS clients of one name expire each other. */
    id: node.serial ?? node.mac,
    image: { name, version },
    kernel: { file: kernel.kernel, initramfs: kernel.initramfs, release: kernel.release },
    root: rootVariables(node, root),
    signed: false,
    token: tokenSlot,
  };
}

/** boot.img is one for all nodes of a role: a node finds its serial, its MAC and its token itself. */
const ofOneNode = 'boot.img is the same for all nodes of a role. Write what is of one node inside {{#unless signed}}.';
const notInBootImage = { node: ofOneNode, host: ofOneNode, id: ofOneNode, token: ofOneNode };

function signedVariables(node: NodeSpec, view: ClusterView, root: NodeRoot): TemplateVariables {
  const all = bootVariables(node, view, root);
  const { vars } = roleOf(node, view);
  const ofRole = Object.entries(all).filter(([name]) => !Object.hasOwn(notInBootImage, name));
  return { ...Object.fromEntries(ofRole), signed: true, vars: { ...view.cluster.vars, ...vars } };
}

/** Firmware takes the first line only; a template may have several. */
function oneLine(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ');
}

function checkLength(text: string, maxBytes: number, source: string): void {
  const bytes = Buffer.byteLength(text);
  if (bytes <= maxBytes) return;
  throw new ConfigError(`${source} renders to ${bytes} bytes; a board reads only the first ${maxBytes}`, {
    hint: 'Make it shorter: comments count too.',
  });
}
