/** pi-image completion: what a shell needs to complete our commands. */
import { Argument } from 'commander';

import { renderCompletion, shells, type Shell } from '../completion.ts';
import type { RegisterCommand } from '../context.ts';

export const registerCompletion: RegisterCommand = (program, context) => {
  program
    .command('completion')
    .summary('print a completion script for your shell')
    .addArgument(new Argument('<shell>').choices(shells))
    .addHelpText(
      'after',
      '\nExamples:\n  source <(pi-image completion bash)\n  pi-image completion bash > /etc/bash_completion.d/pi-image\n' +
        '  pi-image completion fish > ~/.config/fish/completions/pi-image.fish',
    )
    .action((shell: Shell) => context.stdout(renderCompletion(shell, program)));
};
