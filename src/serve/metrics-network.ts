/** What DHCP, TFTP and HTTP have done, as metrics. */
import type { MetricFamily, Sample } from '../plan/metrics-text.ts';
import type { HttpCounts } from './http-counts.ts';
import type { PlaneCounters } from './plane/messages.ts';
import type { WebhookCounts } from './webhooks.ts';

export interface NetworkFacts {
  /** undefined: the thread has told nothing yet. */
  readonly plane: PlaneCounters | undefined;
  /** By what they listen for. */
  readonly http: Readonly<Record<string, HttpCounts>>;
  readonly webhooks: WebhookCounts;
}

export function networkFamilies({ plane, http, webhooks }: NetworkFacts): MetricFamily[] {
  return [
    ...(plane === undefined ? [] : [...dhcpFamilies(plane.dhcp), ...tftpFamilies(plane.tftp)]),
    ...httpFamilies(http),
    webhookFamily(webhooks),
  ];
}

function dhcpFamilies({ received, sent, unanswered, malformed }: PlaneCounters['dhcp']): MetricFamily[] {
  return [
    counter('pi_image_dhcp_received_total', 'DHCP messages received, by type.', byKey('type', received)),
    counter('pi_image_dhcp_sent_total', 'DHCP answers sent, by what they say.', byKey('answer', sent)),
    counter('pi_image_dhcp_unanswered_total', 'DHCP messages left unanswered, by why.', byKey('reason', unanswered)),
    counter('pi_image_dhcp_malformed_total', 'Datagrams at the DHCP port that are no DHCP.', [{ value: malformed }]),
  ];
}

const outcomes = ['complete', 'probed', 'aborted', 'silent', 'replaced', 'failed'] as const;

function tftpFamilies(tftp: PlaneCounters['tftp']): MetricFamily[] {
  const ended = outcomes.map((outcome) => ({ labels: { outcome }, value: tftp[outcome] }));
  const errors = (['missing', 'refused'] as const).map((reason) => ({ labels: { reason }, value: tftp[reason] }));
  const total = (name: string, help: string, value: number) =>
    counter(`pi_image_tftp_${name}_total`, help, [{ value }]);
  return [
    total('requests', 'TFTP read requests that were understood.', tftp.requests),
    total('transfers', 'TFTP transfers that began.', tftp.transfers),
    counter('pi_image_tftp_transfers_ended_total', 'TFTP transfers that ended, by how.', ended),
    counter('pi_image_tftp_errors_total', 'TFTP requests answered with an error, by why.', errors),
    total('postponed', 'TFTP requests left unanswered because too much was under way; boards ask again.', tftp.waiting),
    total('sent_bytes', 'Bytes of files that boards confirmed over TFTP.', tftp.bytes),
    total('resends', 'TFTP windows sent again because no answer came.', tftp.resends),
    total('strays', 'TFTP packets that belong to no transfer.', tftp.strays),
    total('malformed', 'Datagrams at the TFTP port that are no TFTP.', tftp.rubbish),
    total('disk_reads', 'Pieces of files read from the disk for TFTP.', tftp.reads),
    gauge('pi_image_tftp_cache_bytes', 'Memory that holds files for TFTP.', [{ value: tftp.cachedBytes }]),
    gauge('pi_image_tftp_transfers_running', 'TFTP transfers under way.', [{ value: tftp.running }]),
  ];
}

function httpFamilies(http: NetworkFacts['http']): MetricFamily[] {
  const all = Object.entries(http);
  const responses = all.flatMap(([listener, counts]) =>
    [...counts.responses]
      .toSorted(([a], [b]) => a - b)
      .map(([code, value]) => ({ labels: { listener, code: String(code) }, value })),
  );
  const bytes = all.map(([listener, counts]) => ({ labels: { listener }, value: counts.bytes }));
  return [
    counter('pi_image_http_responses_total', 'HTTP answers, by status; listener is boot (boards) or api.', responses),
    counter('pi_image_http_sent_bytes_total', 'Bytes sent over HTTP.', bytes),
  ];
}

function webhookFamily(counts: WebhookCounts): MetricFamily {
  const help = 'Events for webhooks: delivered, tried again, dropped after the last try or because too many waited.';
  return counter('pi_image_webhook_events_total', help, byKey('result', { ...counts }));
}

function byKey(label: string, counts: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(counts)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => ({ labels: { [label]: key }, value }));
}

export function counter(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { kind: 'counter', name, help, samples };
}

export function gauge(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { kind: 'gauge', name, help, samples };
}
