/** Webhooks get their events in order, and a receiver that does not answer is in nobody's way. */
import { expect, test } from 'vitest';

import type { Event } from '../../src/model/event.ts';
import type { Webhook } from '../../src/model/webhook.ts';
import { newWebhookCounts, runWebhooks } from '../../src/serve/webhooks.ts';

const hook: Webhook = { url: 'https://one.example/secret-path', events: ['boot.*'] };

const event = (id: number, kind = 'boot.failed'): Event => ({ id, atMs: 0, kind, fields: {} });

/** @param answers what the receiver says, one after the other; then 200 */
function running(answers: readonly (number | Error | Promise<number>)[] = [], hooks: Webhook[] = [hook]) {
  const stop = new AbortController();
  const posts: string[] = [];
  const slept: number[] = [];
  const lines: string[] = [];
  const counts = newWebhookCounts();
  const left = [...answers];
  let hear: (event: Event) => void = () => undefined;
  const write = (name: string, fields: object = {}) => void lines.push(`${name} ${JSON.stringify(fields)}`);
  const ended = runWebhooks(
    {
      hooks: () => hooks,
      cluster: () => 'plum',
      secretOf: () => Promise.reject(new Error('the disk is gone')),
      events: {
        subscribe: (listener) => {
          hear = listener;
          return () => void (hear = () => undefined);
        },
      },
      post: async ({ url, headers }) => {
        posts.push(`${new URL(url).host} ${headers['webhook-id'] ?? ''}`);
        const answer = await (left.shift() ?? 200);
        if (answer instanceof Error) throw answer;
        return answer;
      },
      counts,
      now: () => 0,
      log: { info: write, warn: write },
      sleep: (ms) => Promise.resolve(slept.push(ms)),
    },
    stop.signal,
    () => undefined,
  );
  return { hear: (each: Event) => hear(each), posts, slept, lines, counts, hooks, stop, ended };
}

test('events that are wanted come in order', async () => {
  const { hear, posts, counts } = running();
  for (const each of [event(1), event(2, 'node.added'), event(3, 'boot.ready')]) hear(each);

  await expect.poll(() => posts).toEqual(['one.example plum-1', 'one.example plum-3']);
  expect(counts).toEqual({ delivered: 2, retried: 0, dropped: 0 });
});

test('a try that fails is made again before the next event, with more and more time between', async () => {
  const { hear, posts, slept, counts, lines } = running([503, new Error('it is down')]);
  hear(event(1));
  hear(event(2));

  await expect.poll(() => posts.map((post) => post.split('-')[1])).toEqual(['1', '1', '1', '2']);
  await expect.poll(() => counts).toEqual({ delivered: 2, retried: 2, dropped: 0 });
  expect(slept).toEqual([5000, 30_000]);
  expect(lines).toHaveLength(1);
});

test('what is given up is told without the path of the address, and the next event comes', async () => {
  const { hear, posts, lines, counts } = running([404]);
  hear(event(1));
  hear(event(2));

  await expect.poll(() => counts).toEqual({ delivered: 1, retried: 0, dropped: 1 });
  expect(posts).toHaveLength(2);
  expect(lines).toEqual([
    'webhook.given-up {"host":"one.example","event":1,"kind":"boot.failed","tries":1,"reason":"it answered 404"}',
  ]);
});

test('a receiver that does not answer holds up no other, and what waits for it is bounded', async () => {
  let answer: (status: number) => void = () => undefined;
  const never = new Promise<number>((resolve) => (answer = resolve));
  const other = { ...hook, url: 'https://two.example/' };
  const { hear, posts, counts } = running([never], [hook, other]);
  for (let id = 1; id <= 1500; id++) hear(event(id));

  await expect.poll(() => posts.filter((post) => post.startsWith('two')).length).toBeGreaterThan(900);
  expect(posts.filter((post) => post.startsWith('one'))).toEqual(['one.example plum-1']);
  // All came in one turn: neither could send more than its first before.
  expect(counts.dropped).toBe(2 * 499);
  answer(200);
  // The newest are kept.
  await expect.poll(() => posts.findLast((post) => post.startsWith('one'))).toBe('one.example plum-1500');
  expect(posts).toContain('one.example plum-501');
  expect(posts).not.toContain('one.example plum-500');
});

test('a hook that leaves cluster.yaml is told nothing more', async () => {
  let answer: (status: number) => void = () => undefined;
  const { hear, posts, hooks } = running([new Promise<number>((resolve) => (answer = resolve))]);
  hear(event(1));
  hear(event(2));
  await expect.poll(() => posts.length).toBe(1);
  hooks.length = 0;
  answer(500);
  await new Promise((resolve) => setTimeout(resolve, 20));

  expect(posts).toHaveLength(1);
});

test('nothing unsigned leaves where a signature is wanted', async () => {
  const { hear, posts, lines } = running([], [{ ...hook, secret: 'lost' }]);
  hear(event(1));

  await expect.poll(() => lines.at(-1)).toContain('the disk is gone');
  expect(posts).toEqual([]);
});

test('the service ends in the middle of a try', async () => {
  const { hear, posts, stop, ended } = running([new Promise<number>(() => undefined)]);
  hear(event(1));
  await expect.poll(() => posts.length).toBe(1);
  stop.abort(new Error('the end'));

  await expect(ended).resolves.toBeUndefined();
});
