/** What the running service counts, kept until somebody asks for metrics. */
import type { Event } from '../model/event.ts';
import { BootCounts } from './boot-counts.ts';
import type { Boots } from './boots.ts';
import { newHttpCounts, type HttpCounts } from './http-counts.ts';
import type { PlaneCounters } from './plane/messages.ts';
import type { Site } from './site.ts';
import { newWebhookCounts, type WebhookCounts } from './webhooks.ts';

export interface ServiceCounts {
  readonly boots: BootCounts;
  readonly http: { readonly boot: HttpCounts; readonly api: HttpCounts };
  readonly webhooks: WebhookCounts;
  /** What the boot plane's thread told last. */
  readonly plane: () => PlaneCounters | undefined;
  readonly planeCounted: (counters: PlaneCounters) => void;
}

interface CountsDeps {
  readonly site: Pick<Site, 'view'>;
  readonly boots: Pick<Boots, 'all'>;
  readonly events: { readonly subscribe: (listener: (event: Event) => void) => unknown };
}

export function createCounts({ site, boots: { all }, events }: CountsDeps): ServiceCounts {
  const boots = new BootCounts({ boots: all, nodes: () => site.view().nodes });
  let plane: PlaneCounters | undefined;
  events.subscribe((event) => boots.hear(event));
  return {
    boots,
    http: { boot: newHttpCounts(), api: newHttpCounts() },
    webhooks: newWebhookCounts(),
    plane: () => plane,
    planeCounted: (counters) => {
      plane = counters;
    },
  };
}
