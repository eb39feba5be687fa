/** Which events a webhook is told of, how they are signed, and when it is tried again. */
import { describe, expect, test } from 'vitest';

import { Cluster } from '../../src/model/cluster.ts';
import { isForbiddenAddress, Webhook } from '../../src/model/webhook.ts';
import { checkWebhooks } from '../../src/plan/check-cluster-webhooks.ts';
import { decideNextTry, planDelivery, signWebhook, wantsEvent } from '../../src/plan/webhooks.ts';
import { sampleClusterInput } from '../support/sample-view.ts';

const url = 'https://chat.example.org/hooks/1';

describe('an address', () => {
  test.each(['http://10.42.0.1:9000/x', 'http://[fd00::1]/', url])('%s is one', (address) => {
    expect(Webhook.safeParse({ url: address, events: ['*'] }).success).toBe(true);
  });

  test.each([
    ['no address', 'begins with https'],
    ['file:///etc/shadow', 'begins with https'],
    ['gopher://x/', 'begins with https'],
    ['http://user:pw@example.org/', 'without a user'],
    ['http://169.254.169.254/latest/meta-data', 'link-local'],
    // As a browser would understand it.
    ['http://0xa9fea9fe/', 'link-local'],
    ['http://2852039166/', 'link-local'],
    ['http://[fe80::1]/', 'link-local'],
    ['http://[::ffff:169.254.1.1]/', 'link-local'],
    ['http://0.0.0.0/', 'link-local'],
    ['http://[::]/', 'link-local'],
    ['http://224.0.0.1/', 'link-local'],
  ])('%s is none', (address, message) => {
    const { error } = Webhook.safeParse({ url: address, events: ['*'] });

    expect(error?.issues[0]?.message).toContain(message);
  });

  test('of a name is checked when it is known', () => {
    expect(
      ['169.254.0.1', 'fe80::1', 'ff02::1', '255.255.255.255', 'x'].filter((each) => !isForbiddenAddress(each)),
    ).toEqual([]);
    expect(['127.0.0.1', '10.0.0.1', '203.0.113.9', '::1', '2001:db8::1'].filter(isForbiddenAddress)).toEqual([]);
  });
});

test.each([
  [['*'], 'boot.failed', true],
  [['boot.*'], 'boot.failed', true],
  [['boot.*'], 'bootstrap.failed', false],
  [['boot.failed'], 'boot.failed', true],
  [['boot.failed'], 'boot.failed-again', false],
  [['node.*', 'boot.ready'], 'boot.ready', true],
  [['node.*'], 'boot.ready', false],
])('%j wants %s: %s', (events, kind, wanted) => {
  expect(wantsEvent({ url, events }, kind)).toBe(wanted);
});

test.each(['boot', 'boot.', '.failed', 'Boot.failed', 'boot.failed.now', '**'])(
  '%j is no kind of events',
  (pattern) => {
    expect(Webhook.safeParse({ url, events: [pattern] }).success).toBe(false);
  },
);

describe('what is sent', () => {
  const event = { id: 7, atMs: 1000, kind: 'boot.failed', node: 'node01', fields: { cause: 'no root' } };
  const facts = { cluster: 'plum', event, nowMs: 1_614_265_330_999 };

  test('is the event, with a number that stays', () => {
    const { body, headers } = planDelivery({ ...facts, secret: undefined });

    expect(JSON.parse(body)).toEqual({ cluster: 'plum', ...event });
    expect(headers).toEqual({
      'content-type': 'application/json',
      'webhook-id': 'plum-7',
      'webhook-timestamp': '1614265330',
    });
  });

  test("is signed as Standard Webhooks' own example", () => {
    const content = 'msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}';
    const signature = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';

    expect(signWebhook(content, Buffer.from('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n'))).toBe(signature);
    expect(signWebhook(content, Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64'))).toBe(signature);
  });

  test('carries the signature of exactly that', () => {
    const secret = Buffer.from('0123456789abcdef');
    const { headers, body } = planDelivery({ ...facts, secret });

    expect(headers['webhook-signature']).toBe(signWebhook(`plum-7.1614265330.${body}`, secret));
  });
});

describe('the next try', () => {
  const answered = (status: number) => ({ kind: 'answered', status }) as const;

  test.each([
    [answered(200), { kind: 'delivered' }],
    [answered(204), { kind: 'delivered' }],
    [answered(302), { kind: 'given-up', reason: 'it answered 302' }],
    [answered(404), { kind: 'given-up', reason: 'it answered 404' }],
    [answered(429), { kind: 'again', afterMs: 5000, reason: 'it answered 429' }],
    [answered(503), { kind: 'again', afterMs: 5000, reason: 'it answered 503' }],
    [{ kind: 'failed', reason: 'refused' } as const, { kind: 'again', afterMs: 5000, reason: 'refused' }],
  ])('after %j is %j', (outcome, next) => {
    expect(decideNextTry(outcome, 1)).toEqual(next);
  });

  test('comes later each time, and after the fifth there is none', () => {
    const tries = [1, 2, 3, 4, 5].map((count) => decideNextTry(answered(500), count));

    expect(tries.map((each) => (each.kind === 'again' ? each.afterMs / 1000 : each.kind))).toEqual([
      5,
      30,
      120,
      600,
      'given-up',
    ]);
  });
});

test('a secret that is not declared is named', () => {
  const cluster = Cluster.parse({ ...sampleClusterInput, webhooks: [{ url, events: ['*'], secret: 'mungeKeys' }] });

  expect(checkWebhooks(cluster)).toMatchObject([
    {
      path: ['webhooks', 0, 'secret'],
      message: 'the secret mungeKeys does not stand under secrets; did you mean mungeKey?',
    },
  ]);
});
