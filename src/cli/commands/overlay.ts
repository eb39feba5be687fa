/** pi-image overlay: the overlays there are, and what they become on a node. One file per verb. */
import type { Command } from 'commander';

import type { RegisterCommand, CliContext } from '../context.ts';
import { renderListing, withOutput, type Listing, type OutputFormat } from '../output.ts';
import { readView } from '../view.ts';
import { registerDiff } from './overlay-diff.ts';
import { registerRender } from './overlay-render.ts';
import { registerShow } from './overlay-show.ts';
import { registerWhy } from './overlay-why.ts';

export const registerOverlay: RegisterCommand = (program, context) => {
  const overlay = program.command('overlay').summary('small trees of files that make a node what it is');
  registerList(overlay, context);
  registerShow(overlay, context);
  registerRender(overlay, context);
  registerWhy(overlay, context);
  registerDiff(overlay, context);
};

interface OverlayRow {
  readonly name: string;
  readonly summary: string;
  readonly files: number;
  readonly roles: readonly string[];
}

const listing: Listing<OverlayRow> = {
  columns: [
    { title: 'name', of: (row) => row.name },
    { title: 'files', of: (row) => row.files },
    { title: 'roles', of: (row) => row.roles.join(',') },
    { title: 'summary', of: (row) => row.summary },
  ],
  name: (row) => row.name,
  empty: 'there are no overlays',
};

function registerList(parent: Command, context: CliContext): void {
  const list = parent
    .command('list')
    .summary('list overlays')
    .addHelpText('after', '\nExample:\n  pi-image overlay list')
    .action(async (options: { output: OutputFormat }) => {
      const { overlays, cluster } = await readView(context.paths());
      const rows = [...overlays.values()].map(({ name, spec, files }): OverlayRow => {
        const roles = Object.entries(cluster.roles).filter(([, role]) => role.overlays.includes(name));
        return { name, summary: spec.summary, files: files.length, roles: roles.map(([role]) => role) };
      });
      context.stdout(renderListing(rows, options.output, listing));
    });
  withOutput(list);
}
