/** pi-image overlay: the overlays there are, and what they become on a node. One file per verb. */
import type { Command } from 'commander';

import type { RegisterCommand, CliContext } from '../context.ts';
import { renderListing, withOutput, type Listing, type OutputFormat } from '../output.ts';
import { listOverlays } from '../../plan/overlay-list.ts';
import { call } from '../typed-client.ts';
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

type OverlayRow = ReturnType<typeof listOverlays>[number];

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
      const server = await context.service();
      const isHere = typeof server === 'string';
      const rows = isHere ? listOverlays(await readView(context.paths())) : await call(server, 'GET /overlays');
      context.stdout(renderListing(rows, options.output, listing));
    });
  withOutput(list);
}
