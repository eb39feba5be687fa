/** The sample cluster with roles that boot signed. */
import { Cluster } from '../../src/model/cluster.ts';
import { boardNames } from '../../src/model/board.ts';
import type { BoardTemplates, ClusterView } from '../../src/model/view.ts';
import { sampleClusterInput, sampleView } from './sample-view.ts';

const plain: BoardTemplates = {
  configTxt: 'arm_64bit=1\nkernel={{kernel.file}}\ninitramfs {{kernel.initramfs}} followkernel\n',
  cmdlineTxt:
    'pi_image.server={{network.server}} pi_image.root={{root.pseudo}} ' +
    '{{#if signed}}pi_image.boot=signed{{else}}pi_image.id={{id}} pi_image.token={{token}}{{/if}} {{arguments}}\n',
};

export function signedView(templates: BoardTemplates = plain, changes: Partial<ClusterView> = {}): ClusterView {
  const roles = Object.entries(sampleClusterInput.roles).map(([name, role]) => [name, { ...role, boot: 'signed' }]);
  return sampleView({
    cluster: Cluster.parse({ ...sampleClusterInput, roles: Object.fromEntries(roles) }),
    boardTemplates: new Map(boardNames.map((board) => [board, templates])),
    ...changes,
  });
}
