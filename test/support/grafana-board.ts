/** The board for Grafana, as its JSON model: what each panel asks stands here, its place follows from the order. */

interface Panel {
  readonly title: string;
  readonly kind: 'stat' | 'timeseries';
  /** Legend -> question. */
  readonly asks: Readonly<Record<string, string>>;
  readonly unit?: string;
  readonly isStacked?: boolean;
  /** A stat that is bad when it is not zero. */
  readonly isAlarm?: boolean;
}

const rate = (metric: string, by: string) => `sum by (${by}) (rate(${metric}[$__rate_interval]))`;
const quantile = (share: number, metric: string, by: string) =>
  `histogram_quantile(${share}, ${rate(`${metric}_bucket`, `le, ${by}`)})`;

const panels: readonly Panel[] = [
  { title: 'Nodes up', kind: 'stat', asks: { up: 'sum(pi_image_node_up)' } },
  { title: 'Nodes', kind: 'stat', asks: { all: 'sum(pi_image_nodes)' } },
  { title: 'Booting', kind: 'stat', asks: { booting: 'sum(pi_image_nodes{state="booting"})' } },
  {
    title: 'Failed or silent',
    kind: 'stat',
    asks: { failed: 'sum(pi_image_nodes{state=~"failed|silent|refused"})' },
    isAlarm: true,
  },
  { title: 'Boards without a name', kind: 'stat', asks: { unknown: 'pi_image_unknown_boards' } },
  {
    title: 'Parts of the service with a problem',
    kind: 'stat',
    asks: { parts: 'count(pi_image_part_up == 0) or vector(0)' },
    isAlarm: true,
  },
  {
    title: 'Nodes by state',
    kind: 'timeseries',
    asks: { '{{state}}': 'sum by (state) (pi_image_nodes) > 0' },
    isStacked: true,
  },
  {
    title: 'Nodes by the image version that they run',
    kind: 'timeseries',
    asks: { '{{image}}@{{version}}': 'sum by (image, version) (pi_image_nodes_running)' },
    isStacked: true,
  },
  {
    title: 'From power-on to ready',
    kind: 'timeseries',
    unit: 's',
    asks: {
      '{{board}} half of them': quantile(0.5, 'pi_image_boot_ready_seconds', 'board'),
      '{{board}} 95 %': quantile(0.95, 'pi_image_boot_ready_seconds', 'board'),
    },
  },
  {
    title: 'Mean time in each phase of a boot',
    kind: 'timeseries',
    unit: 's',
    asks: {
      '{{phase}}': `${rate('pi_image_boot_phase_seconds_sum', 'phase')} / ${rate('pi_image_boot_phase_seconds_count', 'phase')}`,
    },
    isStacked: true,
  },
  {
    title: 'Boots ended, by how',
    kind: 'timeseries',
    asks: { '{{result}}': 'sum by (result) (increase(pi_image_boots_ended_total[$__rate_interval])) > 0' },
  },
  {
    title: 'Temperature of nodes',
    kind: 'timeseries',
    unit: 'celsius',
    asks: { '{{node}}': 'pi_image_node_temperature_celsius' },
  },
  {
    title: 'Boards held back by voltage or heat',
    kind: 'timeseries',
    asks: { '{{node}} {{reason}}': 'pi_image_node_throttled > 0' },
  },
  {
    title: 'Sent to boards',
    kind: 'timeseries',
    unit: 'Bps',
    asks: {
      TFTP: 'rate(pi_image_tftp_sent_bytes_total[$__rate_interval])',
      'HTTP {{listener}}': rate('pi_image_http_sent_bytes_total', 'listener'),
    },
  },
  {
    title: 'TFTP: transfers that run, and what went wrong',
    kind: 'timeseries',
    asks: {
      running: 'pi_image_tftp_transfers_running',
      'resends/s': 'rate(pi_image_tftp_resends_total[$__rate_interval])',
      '{{outcome}}/s': rate('pi_image_tftp_transfers_ended_total{outcome=~"aborted|silent|failed"}', 'outcome'),
    },
  },
  {
    title: 'DHCP messages per second',
    kind: 'timeseries',
    asks: {
      '{{type}}': rate('pi_image_dhcp_received_total', 'type'),
      'unanswered: {{reason}}': rate('pi_image_dhcp_unanswered_total', 'reason'),
    },
  },
  {
    title: 'Stores: how full',
    kind: 'timeseries',
    unit: 'percentunit',
    asks: { '{{store}}': '1 - pi_image_store_available_bytes / pi_image_store_size_bytes' },
  },
  {
    title: 'Memory of the service',
    kind: 'timeseries',
    unit: 'bytes',
    asks: { resident: 'process_resident_memory_bytes{job="pi-image"}' },
  },
  {
    title: 'CPU of the service',
    kind: 'timeseries',
    unit: 'percentunit',
    asks: { cores: 'rate(process_cpu_seconds_total{job="pi-image"}[$__rate_interval])' },
  },
];

const datasource = { type: 'prometheus', uid: '${datasource}' };

export function grafanaBoard(): unknown {
  const stats = panels.filter(({ kind }) => kind === 'stat').length;
  return {
    uid: 'pi-image',
    title: 'pi-image',
    tags: ['pi-image'],
    schemaVersion: 39,
    editable: true,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    templating: { list: [{ name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Data source' }] },
    panels: panels.map((panel, index) => panelOf(panel, index, stats)),
  };
}

/** Stats in one row, below it two graphs in a row. */
function panelOf(
  { title, kind, asks, unit = 'short', isStacked = false, isAlarm = false }: Panel,
  index: number,
  stats: number,
) {
  const [width, graph] = [24 / stats, index - stats];
  const gridPos =
    kind === 'stat'
      ? { x: index * width, y: 0, w: width, h: 4 }
      : { x: (graph % 2) * 12, y: 4 + Math.floor(graph / 2) * 8, w: 12, h: 8 };
  const steps = [{ color: 'green', value: null }, ...(isAlarm ? [{ color: 'red', value: 1 }] : [])];
  const custom = isStacked ? { custom: { stacking: { mode: 'normal' }, fillOpacity: 30 } } : {};
  return {
    id: index + 1,
    title,
    type: kind,
    datasource,
    gridPos,
    fieldConfig: { defaults: { unit, min: 0, thresholds: { mode: 'absolute', steps }, ...custom }, overrides: [] },
    targets: Object.entries(asks).map(([legendFormat, expr], number) => ({
      refId: String.fromCodePoint(65 + number),
      datasource,
      expr,
      legendFormat,
    })),
  };
}

/** Everything that it asks, as Prometheus gets it. */
export function boardQuestions(): string[] {
  return panels.flatMap(({ asks }) => Object.values(asks)).map((ask) => ask.replaceAll('$__rate_interval', '5m'));
}
