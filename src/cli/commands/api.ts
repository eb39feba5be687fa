/** pi-image api: how other machines reach the service, and by what they know it. */
import type { ServiceAbout } from '../../api/schemas/service.ts';
import { ask } from '../ask-service.ts';
import type { RegisterCommand } from '../context.ts';
import { renderFacts, renderValue, withOutput } from '../output.ts';

export const registerApi: RegisterCommand = (program, context) => {
  const api = program
    .command('api')
    .summary('how other machines reach the service')
    .description(
      'Shows where the API listens for other machines, and the fingerprint of its key: whoever gives it with ' +
        '--fingerprint speaks to this service and to no other. `api.listen` in cluster.yaml turns it on.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  pi-image api\n' +
        '  pi-image --server https://192.168.1.5:8443 --fingerprint sha256//... --token-file ci.token status',
    )
    .action(async ({ output }: { output: 'table' | 'json' | 'yaml' }) => {
      // The service and this command are one program: what it answers has the types of its actions.
      const about = (await ask(await context.service(), '/service')) as ServiceAbout;
      context.stdout(output === 'table' ? renderAbout(about) : renderValue(about, output));
    });
  withOutput(api, ['table', 'json', 'yaml']);
};

function renderAbout({ version, cluster, tls }: ServiceAbout): string {
  const facts = [
    ['cluster', cluster],
    ['version', version],
    ['listens', tls?.listen ?? 'on this machine only; api.listen in cluster.yaml lets others in'],
    ['fingerprint', tls?.fingerprint],
    ['until', tls && new Date(tls.expiresAtMs).toISOString().slice(0, 10)],
  ] as const;
  if (tls === undefined) return renderFacts(facts);
  const how = `pi-image --server https://${tls.listen} --fingerprint ${tls.fingerprint} --token-file FILE`;
  return `${renderFacts(facts)}\nFrom another machine, with a token of "pi-image token create":\n  ${how} status\n`;
}
