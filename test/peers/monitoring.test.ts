/** A real Prometheus scrapes the whole service, and its own tools find nothing to say against what they read. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { requestOk } from '../../src/cli/api-client.ts';
import { run } from '../../src/host/process.ts';
import type { NamespaceProgram } from '../support/namespaces.ts';
import { pipe } from '../support/pipe-text.ts';
import { boardNode, ServeFixture } from '../support/serve-fixture.ts';

const base = 'http://127.0.0.1:8443';
const site = new ServeFixture();
let token = '';
let receiver: NamespaceProgram;

beforeAll(async () => {
  await site.open();
  await site.writeCluster({
    secrets: { hookKey: { generateBytes: 32 } },
    webhooks: [{ url: 'http://127.0.0.1:9000/hook', events: ['node.*'], secret: 'hookKey' }],
  });
  const argv = [process.execPath, '--import', 'tsx', path.resolve('test/support/webhook-receiver.ts')];
  receiver = site.net.start('storage', argv);
  await receiver.line(/^listening$/);
  const service = await site.serve('--no-time');
  await service.line(/part\.ready part=api-tcp/);
  await requestOk(site.socket, 'PUT', '/nodes', [{ ...boardNode, vars: { rack: 'a' } }]);
  const answer = await requestOk(site.socket, 'POST', '/tokens', { name: 'prometheus', scope: 'read' });
  if (answer.kind === 'no-service') throw new Error('the service has ended');
  token = path.join(site.dir, 'prometheus.token');
  await writeFile(token, (answer.body as { token: string }).token);
  await site.powerOn();
  await site.onBoard(
    'tftp',
    '-m',
    'binary',
    '10.42.0.1',
    '-c',
    'get',
    'kernel8.img',
    path.join(site.dir, 'kernel8.img'),
  );
}, 120_000);
afterAll(() => site.close(), 60_000);

async function curl(route: string): Promise<string> {
  const bearer = `authorization: Bearer ${(await readFile(token, 'utf8')).trim()}`;
  return site.net.run('storage', ['curl', '-sS', '--fail-with-body', '-H', bearer, `${base}${route}`]);
}

/** A metric's value, by its name with its labels. */
const valueOf = (text: string, series: string) => {
  const line = text.split('\n').find((each) => each.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
};

test('promtool finds nothing wrong with the metrics', async () => {
  const text = await curl('/metrics');

  expect(text).toContain('pi_image_nodes{role="compute",state="booting"} 1\n');
  expect(await pipe(['promtool', 'check', 'metrics'], text)).toEqual({ code: 0, said: '' });
});

test('promtool would find a counter that does not say what it counts', async () => {
  const wrong = '# TYPE pi_image_boots counter\npi_image_boots 1\n';

  expect(await pipe(['promtool', 'check', 'metrics'], wrong)).toMatchObject({
    code: 3,
    said: expect.stringContaining('_total'),
  });
});

test("what the boot plane's thread has counted stands there within seconds", async () => {
  const read = async () => {
    const text = await curl('/metrics');
    return {
      begun: valueOf(text, 'pi_image_boots_begun_total{board="pi4"}'),
      discover: valueOf(text, 'pi_image_dhcp_received_total{type="discover"}'),
      offers: valueOf(text, 'pi_image_dhcp_sent_total{answer="offer"}'),
      complete: valueOf(text, 'pi_image_tftp_transfers_ended_total{outcome="complete"}'),
      bytes: valueOf(text, 'pi_image_tftp_sent_bytes_total'),
    };
  };

  await expect
    .poll(read, { timeout: 10_000, interval: 500 })
    .toEqual({ begun: 1, discover: expect.any(Number), offers: expect.any(Number), complete: 1, bytes: 300_000 });
});

test('a webhook is told again until it listens, and openssl says who has signed it', async () => {
  const told = () => receiver.lines.filter((line) => line.startsWith('{'));
  await expect.poll(told, { timeout: 20_000, interval: 500 }).toHaveLength(2);
  const [first, second] = told().map((line) => JSON.parse(line) as { headers: Record<string, string>; body: string });
  if (first === undefined || second === undefined) throw new Error('nothing came');

  expect(second.body).toBe(first.body);
  expect(second.headers['webhook-id']).toBe(first.headers['webhook-id']);
  expect(JSON.parse(second.body)).toMatchObject({ cluster: 'plum', kind: 'node.added', node: 'node01' });
  const secret = await readFile(path.join(site.dir, 'state/secrets/cluster/hookKey'));
  const content = `${second.headers['webhook-id']}.${second.headers['webhook-timestamp']}.${second.body}`;
  await writeFile(path.join(site.dir, 'signed'), content);
  const mac = ['-mac', 'HMAC', '-macopt', `hexkey:${secret.toString('hex')}`];
  const said = await run(['openssl', 'dgst', '-sha256', ...mac, path.join(site.dir, 'signed')], {
    signal: AbortSignal.timeout(10_000),
  });
  const hex = said.trim().split('= ')[1] ?? '';
  expect(second.headers['webhook-signature']).toBe(`v1,${Buffer.from(hex, 'hex').toString('base64')}`);
  expect(valueOf(await curl('/metrics'), 'pi_image_webhook_events_total{result="retried"}')).toBe(1);
});
