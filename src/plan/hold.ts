/** What does a board boot that is no node yet? The kernel and initramfs of `network.hold`, which wait until it gets a name. */
import { boardNames, boards, type BoardName } from '../model/board.ts';
import { ConfigError } from '../model/errors.ts';
import type { MacAddress } from '../model/mac.ts';
import type { ImageManifest } from '../model/manifest.ts';
import type { UnknownBoard } from '../model/state.ts';
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
