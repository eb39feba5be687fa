/** Do webhooks name secrets that exist? */
import type { Cluster } from '../model/cluster.ts';
import { didYouMean } from '../model/nearest.ts';
import type { Problem } from '../model/problem.ts';

export function checkWebhooks({ webhooks, secrets }: Cluster): Problem[] {
  const known = Object.keys(secrets);
  return webhooks.flatMap(({ secret }, index) => {
    if (secret === undefined || known.includes(secret)) return [];
    return [
      {
        path: ['webhooks', index, 'secret'],
        message: `the secret ${secret} does not stand under secrets${didYouMean(secret, known)}`,
        hint: `Add "${secret}: { generateBytes: 32 }" or "${secret}: { file: /path }" under secrets.`,
      },
    ];
  });
}
