import { expect, test } from 'vitest';

import { parseIpv4 } from '../../../src/model/ipv4.ts';
import { parseMac } from '../../../src/model/mac.ts';
import { emptyState, type State, type UnknownBoard } from '../../../src/model/state.ts';
import type { ClusterView } from '../../../src/model/view.ts';
import type { ToThread } from '../../../src/serve/plane/messages.ts';
import { bootBytes } from '../../../src/plan/boot-bytes.ts';
import { siteFeed } from '../../../src/serve/plane/service-feed.ts';
import { sampleView } from '../../support/sample-view.ts';

const board = (last: string, address: string): UnknownBoard => {
  return { mac: parseMac(`02:00:00:00:00:${last}`), address: parseIpv4(address), firstSeenMs: 1, lastSeenMs: 1 };
};
const [one, two] = [board('01', '10.42.0.201'), board('02', '10.42.0.202')];

function open() {
  const world: { view: ClusterView; state: State } = { view: sampleView(), state: emptyState };
  const listeners: (() => void)[] = [];
  const listen = (listener: () => void) => {
    listeners.push(listener);
    return () => undefined;
  };
  const sent: ToThread[] = [];
  const feed = siteFeed({
    site: { view: () => world.view, onChange: listen },
    state: { current: () => world.state, onChange: () => undefined },
  });
  const link = { send: (message: ToThread) => void sent.push(message), backlog: () => 0 };
  /** All that is said at the end of the turn. */
  const said = async (change: () => void): Promise<ToThread[]> => {
    sent.length = 0;
    change();
    for (const listener of listeners) listener();
    expect(sent).toEqual([]);
    await new Promise((resolve) => setImmediate(resolve));
    return [...sent];
  };
  return { world, feed, link, sent, said };
}

test('a new thread is told everything before anything else', () => {
  const { world, feed, link, sent } = open();
  world.state = { ...emptyState, unknownBoards: [one] };

  feed.attach(link);

  const { cluster, nodes } = world.view;
  expect(sent).toEqual([
    { kind: 'site', site: { network: cluster.network, ports: cluster.ports, nodes, bootBytes: bootBytes(world.view) } },
    { kind: 'boards', seen: [one], gone: [] },
  ]);
});

test('the site is told again when what DHCP sees of it has changed, once per turn', async () => {
  const { world, feed, link, said } = open();
  feed.attach(link);

  expect(await said(() => (world.view = { ...world.view, overlays: new Map(), nodes: [...world.view.nodes] }))).toEqual(
    [],
  );
  const images = await said(() => (world.view = { ...world.view, images: new Map() }));
  expect(images).toMatchObject([{ kind: 'site', site: { bootBytes: new Map() } }]);
  const nodes = world.view.nodes.slice(1);
  expect(await said(() => (world.view = { ...world.view, nodes }))).toMatchObject([{ kind: 'site', site: { nodes } }]);
});

test('of boards only those are told that are others, or gone', async () => {
  const { world, feed, link, said } = open();
  world.state = { ...emptyState, unknownBoards: [one, two] };
  feed.attach(link);
  const become = (...unknownBoards: UnknownBoard[]) => said(() => (world.state = { ...emptyState, unknownBoards }));

  expect(await become({ ...one, lastSeenMs: 2 }, two)).toEqual([]);
  const moved = { ...two, address: parseIpv4('10.42.0.203') };
  expect(await become(one, moved)).toEqual([{ kind: 'boards', seen: [moved], gone: [] }]);
  expect(await become(moved)).toEqual([{ kind: 'boards', seen: [], gone: [one.mac] }]);
});

test('nobody is told while there is no thread', async () => {
  const { world, said } = open();

  expect(await said(() => (world.view = sampleView()))).toEqual([]);
});
