/** pi-image api: how other machines reach the service, and by what they know it. */
import type { RegisterCommand } from '../context.ts';
import type { Schemas } from '../generated/api.ts';
import { renderFacts, renderValue, withOutput } from '../output.ts';
import { call } from '../typed-client.ts';

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
      const about = await call(await context.service(), 'GET /service');
      context.stdout(output === 'table' ? renderAbout(about) : renderValue(about, output));
    });
  withOutput(api, ['table', 'json', 'yaml']);
};

function renderAbout({ version, cluster, tls }: Schemas['ServiceAbout']): string {
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
