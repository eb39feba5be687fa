/** Webhooks as a part of the service: one that nobody hears does not make it ill. */
import path from 'node:path';

import { postWebhook } from '../host/post-webhook.ts';
import { openSecrets } from '../host/secrets.ts';
import { ConfigError } from '../model/errors.ts';
import type { Log } from '../model/log.ts';
import type { Part } from '../serve/supervise.ts';
import { runWebhooks } from '../serve/webhooks.ts';
import type { Paths } from './context.ts';
import type { Service } from './wire-up.ts';

export function webhooksPart(
  { site, events, counts }: Pick<Service, 'site' | 'events' | 'counts'>,
  { paths, log }: { readonly paths: Paths; readonly log: Log },
): Part {
  const cluster = () => site.view().cluster;
  const run: Part['run'] = async (signal, ready) => {
    const secrets = await openSecrets(path.join(paths.state, 'secrets'), { log, signal });
    const secretOf = async (name: string) => {
      const spec = cluster().secrets[name];
      if (spec === undefined) throw new ConfigError(`there is no secret ${name}`);
      return secrets.clusterSecret(name, spec);
    };
    await runWebhooks(
      {
        hooks: () => cluster().webhooks,
        cluster: () => cluster().cluster,
        secretOf,
        events,
        post: (delivery) => postWebhook(delivery),
        counts: counts.webhooks,
        now: () => Date.now(),
        log,
      },
      signal,
      ready,
    );
  };
  return { name: 'webhooks', run };
}
