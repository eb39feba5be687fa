/** pi-image whoami: by which name the service knows this run, what it may, and until when. */
import { renderMoment } from '../../model/token-life.ts';
import type { RegisterCommand } from '../context.ts';
import type { Schemas } from '../generated/api.ts';
import { renderFacts, renderValue, withOutput } from '../output.ts';
import { call } from '../typed-client.ts';

export const registerWhoami: RegisterCommand = (program, context) => {
  const whoami = program
    .command('whoami')
    .summary('say as whom the service is asked, and what that allows')
    .description(
      'Shows the name of the token behind --token-file, its scopes, and when it ends. On the storage node itself, over ' +
        'the Unix socket, that is "socket", which may everything.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  pi-image whoami\n  pi-image --server https://192.168.1.5:8443 --token-file ci.token whoami -o json',
    )
    .action(async ({ output }: { output: 'table' | 'json' | 'yaml' | 'name' }) => {
      const who = await call(await context.service(), 'GET /whoami');
      if (output === 'name') return context.stdout(`${who.name}\n`);
      context.stdout(output === 'table' ? render(who) : renderValue(who, output));
    });
  withOutput(whoami);
};

function render({ name, scopes, expiresAtMs }: Schemas['Whoami']): string {
  return renderFacts([
    ['name', name],
    ['scopes', scopes.join(', ')],
    ['until', expiresAtMs === undefined ? 'no end' : renderMoment(expiresAtMs)],
  ]);
}
