/** What does a board boot that is no node yet, or has nothing proved to go back to? `network.hold`, which waits for people. */
import { boardNames, boards, type BoardName } from '../model/board.ts';
import { ConfigError, PiImageError } from '../model/errors.ts';
import { holdBoot } from '../model/generation-pin.ts';
import type { MacAddress } from '../model/mac.ts';
import type { ImageManifest } from '../model/manifest.ts';
import type { NodeSpec } from '../model/node.ts';
import { nodesWithMacs, type State, type UnknownBoard } from '../model/state.ts';
import type { ClusterView } from '../model/view.ts';
import type { BootFileRequest, BootTexts } from './boot-files.ts';
import { chooseImage } from './choose-image.ts';
import { compiledTemplates } from './generation.ts';
import { renderLoaderTexts } from './loader-texts.ts';
import { networkVariables } from './overlay-variables.ts';

export type HoldBoot =
  | { readonly kind: 'boot'; readonly boot: NonNullable<BootFileRequest['boot']> }
  /** No image is there for boards without a name. */
  | { readonly kind: 'none'; readonly reason: string };

type Waiting = Pick<UnknownBoard, 'mac' | 'serial' | 'board'>;

const nameless = 'board without a name';

/**
 * @param path what it asks for: a machine that is no Pi says what it is by that alone
 * @throws ConfigError when the image cannot boot it
 */
export function planHold({ mac, serial, board }: Waiting, path: string, view: ClusterView): HoldBoot {
  const { hold } = view.cluster.network;
  if (hold === undefined) return { kind: 'none', reason: 'no node, and network.hold names no image for such boards' };
  const manifest = chooseImage(hold, view.images);
  const family = boardNames.find((known) => known === board) ?? familyByFile(path);
  if (family === undefined && /(?:^|\/)(?:config|cmdline)\.txt$/.test(path)) {
    return { kind: 'none', reason: 'it has not said which board it is' };
  }
  // Other files are the same for all families.
  const texts = family === undefined ? noTexts : holdTexts(family, mac, { view, manifest });
  const node = { name: nameless, mac, ...(serial !== undefined && { serial }) };
  return { kind: 'boot', boot: { node, mac, generation: texts, token: '', manifest } };
}

/** @returns the image `name@version` of the hold boot; undefined: a node like this has none */
export function holdImageOf({ board, mac, role }: NodeSpec, view: ClusterView): string | undefined {
  const { network, roles } = view.cluster;
  // Its firmware takes nothing but a signed boot.img.
  if (network.hold === undefined || mac === undefined || roles[role]?.boot === 'signed') return undefined;
  try {
    const { name, version, kernels } = chooseImage(network.hold, view.images);
    return kernels.some(({ boards: ofKernel }) => ofKernel.includes(board)) ? `${name}@${version}` : undefined;
  } catch (error) {
    if (error instanceof PiImageError) return undefined;
    throw error;
  }
}

/** Nodes that are to wait in it, as far as their MAC is known. */
export function nodesOnHold(state: Pick<State, 'nodes' | 'learnedMacs' | 'generationPins'>): NodeSpec[] {
  const { generationPins } = state;
  if (Object.keys(generationPins).length === 0) return [];
  return nodesWithMacs(state).filter((node) => isOnHold(node, generationPins));
}

/** Of another role than it has now, a pin is of no use. */
export function isOnHold({ name, role }: NodeSpec, pins: State['generationPins']): boolean {
  const pin = pins[name];
  return pin?.generation === holdBoot && pin.role === role;
}

const noTexts: BootTexts = { role: 'hold', configTxt: '', commandLine: '' };

/** Only these are asked for by nobody else. @param path with or without a prefix */
function familyByFile(path: string): BoardName | undefined {
  if (path.startsWith('pxelinux.cfg/')) return 'uefi';
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (name === 'autoexec.ipxe') return 'uefi';
  return boardNames.find((board) => boards[board].firmwareFiles.includes(name));
}

function holdTexts(
  board: BoardName,
  mac: MacAddress,
  { view, manifest }: { readonly view: ClusterView; readonly manifest: ImageManifest },
): BootTexts {
  const templates = view.boardTemplates.get(board);
  const kernel = manifest.kernels.find(({ boards: ofKernel }) => ofKernel.includes(board));
  if (templates === undefined || kernel === undefined) {
    throw new ConfigError(`the hold image ${manifest.name} ${manifest.version} does not boot a ${board}`, {
      hint: `Add ${board} under boards: in images/${manifest.name}/image.yaml and build it, or name another image under network.hold.`,
    });
  }
  const network = networkVariables(view);
  const commandLine = holdCommandLine(board, mac, network);
  const variables = {
    arguments: '',
    board: { name: board, console: boards[board].console },
    cluster: { name: view.cluster.cluster },
    commandLine,
    image: { name: manifest.name, version: manifest.version },
    kernel: { file: kernel.kernel, initramfs: kernel.initramfs, release: kernel.release },
    network,
    node: { name: nameless, mac, board },
    signed: false,
  };
  const folder = `boot/${board}`;
  const texts = renderLoaderTexts(templates, variables, folder);
  const configTxt = compiledTemplates(templates, folder).config(variables);
  return { role: 'hold', configTxt, commandLine, ...(texts !== undefined && { texts }) };
}

/** Nothing in it is secret. The last console is /dev/console; a Pi shows its screen too. */
function holdCommandLine(board: BoardName, mac: MacAddress, network: ReturnType<typeof networkVariables>): string {
  return [
    ...(board === 'uefi' ? [] : ['console=tty1']),
    `console=${boards[board].console}`,
    'net.ifnames=0',
    'panic=10',
    'pi_image.hold=1',
    `pi_image.server=${network.server}`,
    `pi_image.http=${network.httpPort}`,
    `pi_image.mac=${mac}`,
  ].join(' ');
}
