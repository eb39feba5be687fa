/** The rack as a picture: shelves of boards, found by words and states, walked through with arrow keys. */
import type { ComponentChildren, JSX } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';

import type { NodeTile } from '../api/schemas/watch.ts';
import type { Cluster } from './cluster.ts';
import { plainChoices, SearchField, SelectField } from './fields.tsx';
import { nextIndex } from './keys.ts';
import { Empty } from './pieces.tsx';
import { ShelfView } from './shelf-view.tsx';
import { countStates, groupings, isDense, shelvesOf, type Grouping, type Shelf } from './rack.ts';
import { signOf, toneOf } from './tile.ts';
import { count } from './words.ts';

export interface RackProps {
  readonly cluster: Cluster;
  readonly open: (node: string) => void;
  readonly changeRole: (nodes: readonly string[]) => void;
}

type States = ReadonlySet<NodeTile['state']>;

export function RackView({ cluster, open, changeRole }: RackProps): JSX.Element {
  const [text, setText] = useState('');
  const [states, setStates] = useState<States>(new Set());
  const hasPorts = useMemo(() => [...cluster.nodes.values()].some(({ power }) => power !== undefined), [cluster.nodes]);
  const [wanted, setGrouping] = useState<Grouping | undefined>();
  const grouping = wanted ?? (hasPorts ? 'switch' : 'role');
  const [chosen, setChosen] = useState<ReadonlySet<string> | undefined>();
  const shelves = useMemo(
    () => shelvesOf(cluster.nodes.values(), grouping, { text, states }),
    [cluster.nodes, grouping, text, states],
  );
  const shownCount = shelves.reduce((sum, { tiles }) => sum + tiles.length, 0);
  const pick = (node: string) => (chosen === undefined ? open(node) : setChosen(toggled(chosen, node)));
  return (
    <>
      <Toolbar {...{ cluster, text, setText, states, setStates, grouping, setGrouping }}>
        <button
          type="button"
          aria-pressed={chosen !== undefined}
          onClick={() => setChosen(chosen === undefined ? new Set() : undefined)}
        >
          Choose several
        </button>
      </Toolbar>
      <p class="hidden" role="status">
        {count(shownCount, 'board')} shown
      </p>
      <Shelves {...{ cluster, shelves, chosen, pick }} />
      {cluster.isKnown && shownCount === 0 && <NothingShown hasNodes={cluster.nodes.size > 0} />}
      {chosen !== undefined && (
        <div class="choice-bar" role="region" aria-label="Chosen boards">
          <span role="status">{count(chosen.size, 'board')} chosen</span>
          <button type="button" onClick={() => setChosen(new Set(namesOf(shelves)))}>
            All shown
          </button>
          <button type="button" class="main" disabled={chosen.size === 0} onClick={() => changeRole([...chosen])}>
            Change role…
          </button>
        </div>
      )}
    </>
  );
}

interface ToolbarProps extends ChipsProps {
  readonly text: string;
  readonly setText: (text: string) => void;
  readonly grouping: Grouping;
  readonly setGrouping: (grouping: Grouping) => void;
  readonly children: ComponentChildren;
}

function Toolbar({ cluster, states, setStates, children, ...props }: ToolbarProps): JSX.Element {
  const { text, setText, grouping, setGrouping } = props;
  return (
    <div class="toolbar" role="search">
      <StateChips cluster={cluster} states={states} setStates={setStates} />
      <SearchField label="Find boards" placeholder="Find: name, role, image, port" value={text} change={setText} />
      <SelectField
        label="Shelves by"
        value={grouping}
        choices={plainChoices(groupings)}
        change={(value) => setGrouping(value as Grouping)}
      />
      {children}
    </div>
  );
}

const namesOf = (shelves: readonly Shelf[]) => shelves.flatMap(({ tiles }) => tiles.map(({ name }) => name));

function toggled<T>(set: ReadonlySet<T>, value: T): ReadonlySet<T> {
  const after = new Set(set);
  if (!after.delete(value)) after.add(value);
  return after;
}

interface ChipsProps {
  readonly cluster: Cluster;
  readonly states: States;
  readonly setStates: (states: States) => void;
}

function StateChips({ cluster, states, setStates }: ChipsProps): JSX.Element {
  return (
    <div class="chips" role="group" aria-label="Show boards that are">
      {countStates(cluster.nodes.values()).map(({ state, count: number }) => (
        <button
          key={state}
          type="button"
          class={`chip ${toneOf[state]}`}
          aria-pressed={states.has(state)}
          onClick={() => setStates(toggled(states, state))}
        >
          <span aria-hidden="true">{signOf[state]}</span> {number} {state}
        </button>
      ))}
    </div>
  );
}

interface ShelvesProps {
  readonly cluster: Cluster;
  readonly shelves: readonly Shelf[];
  readonly chosen: ReadonlySet<string> | undefined;
  readonly pick: (node: string) => void;
}

const hues = 8;

function Shelves({ cluster, shelves, chosen, pick }: ShelvesProps): JSX.Element {
  const rack = useRef<HTMLDivElement>(null);
  const [stop, setStop] = useState<string | undefined>();
  // News of roles say mostly which nodes have them.
  const roles = cluster.roles.map(({ name }) => name).join(' ');
  const hueOf = useMemo(() => new Map(roles.split(' ').map((name, index) => [name, index % hues])), [roles]);
  const dense = isDense(cluster.nodes.size);
  const names = namesOf(shelves);
  const tabStop = stop !== undefined && names.includes(stop) ? stop : names[0];
  const walk = (event: KeyboardEvent) => {
    const from = nodeOf(event.target);
    if (from === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    const to = nextIndex(event.key, names.indexOf(from), names.length, columnsAt(event.target));
    if (to === undefined) return;
    event.preventDefault();
    const name = names[to] ?? from;
    setStop(name);
    rack.current?.querySelector<HTMLElement>(`[data-node="${CSS.escape(name)}"]`)?.focus();
  };
  const click = (event: MouseEvent) => {
    const node = nodeOf(event.target);
    if (node === undefined) return;
    setStop(node);
    pick(node);
  };
  return (
    <div class={dense ? 'rack dense' : 'rack'} ref={rack} onKeyDown={walk} onClick={click}>
      {shelves.map(({ name, tiles }) => (
        <ShelfView
          key={name}
          name={name}
          tiles={tiles}
          hueOf={hueOf}
          isDense={dense}
          tabStop={tiles.find((tile) => tile.name === tabStop)?.name}
          chosen={chosen}
        />
      ))}
    </div>
  );
}

const nodeOf = (target: EventTarget | null) =>
  target instanceof Element ? target.closest<HTMLElement>('[data-node]')?.dataset['node'] : undefined;

/** How many boards stand in a row where the focus is. */
function columnsAt(target: EventTarget | null): number {
  const list = target instanceof Element ? target.closest('ul') : null;
  const tops = [...(list?.children ?? [])].map((item) => (item as HTMLElement).offsetTop);
  const inFirstRow = tops.findIndex((top) => top !== tops[0]);
  return inFirstRow === -1 ? tops.length : inFirstRow;
}

function NothingShown({ hasNodes }: { readonly hasNodes: boolean }): JSX.Element {
  if (hasNodes) return <Empty title="No board is like that." />;
  return (
    <Empty title="There are no nodes yet.">
      <p>Switch a board on: it turns up under Boards, where you give it a name.</p>
    </Empty>
  );
}
