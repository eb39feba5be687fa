/** pi-image demo: from nothing to a Slurm job on virtual boards. */
import path from 'node:path';

import { RackSpec } from '../../model/rack-spec.ts';
import { readProcess } from '../../rack/process-facts.ts';
import type { RegisterCommand } from '../context.ts';
import { runDemo } from '../demo.ts';
import { requireRoot } from '../rack-parts.ts';

export const registerDemo: RegisterCommand = (program, context) => {
  program
    .command('demo')
    .summary('build an image and boot two virtual boards into Slurm')
    .description(
      'Installs what this machine lacks, builds an image, raises a rack of two virtual boards, boots them at the same ' +
        'time from this storage node, runs a Slurm job on one from the other, and takes the rack down. Needs root.',
    )
    .option('--dir <dir>', 'image, caches and logs; kept between runs', '/var/tmp/pi-image-demo')
    .option('--image <name>', 'the image to boot', 'debian-lite')
    .option('--clock <date>', 'the date that the boards start with, for example 2020-01-01', 'now')
    .addHelpText('after', '\nExamples:\n  sudo pi-image demo\n  sudo pi-image demo --clock 2020-01-01')
    .action(async (options: { dir: string; image: string; clock: string }) => {
      requireRoot('the demo');
      const startedMs = Date.now();
      const seconds = () => ((Date.now() - startedMs) / 1000).toFixed(1);
      await runDemo({
        dir: path.resolve(options.dir),
        image: options.image,
        clock: RackSpec.shape.clock.parse(options.clock),
        tell: (line) => context.stdout(`${line}\n`),
        tellStep: (line) => context.stdout(`== ${seconds().padStart(6)} s  ${line}\n`),
        signal: context.signal,
      });
      const facts = await readProcess('self');
      context.stdout(`Total: ${seconds()} s wall, ${facts?.cpuSeconds.toFixed(1) ?? '?'} s of processor time\n`);
    });
};
