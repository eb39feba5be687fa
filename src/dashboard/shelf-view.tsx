/** One shelf of the rack. Drawn again only when one of its boards has changed: most of a thousand have not. */
import { Component, type JSX } from 'preact';

import type { NodeTile } from '../api/schemas/watch.ts';
import { toneOf } from './tile.ts';
import { TileButton } from './tile-button.tsx';
import { count } from './words.ts';

export interface ShelfProps {
  readonly name: string;
  readonly tiles: readonly NodeTile[];
  /** Role -> its colour. */
  readonly hueOf: ReadonlyMap<string, number>;
  readonly isDense: boolean;
  /** The board that Tab reaches, if it stands here. */
  readonly tabStop: string | undefined;
  /** undefined while boards are not being chosen. */
  readonly chosen: ReadonlySet<string> | undefined;
}

export class ShelfView extends Component<ShelfProps> {
  override shouldComponentUpdate(next: ShelfProps): boolean {
    const { tiles, hueOf, isDense, tabStop, chosen } = this.props;
    const isSame =
      next.hueOf === hueOf && next.isDense === isDense && next.tabStop === tabStop && next.chosen === chosen;
    return !isSame || next.tiles.length !== tiles.length || next.tiles.some((tile, index) => tile !== tiles[index]);
  }

  override render({ name, tiles, hueOf, isDense, tabStop, chosen }: ShelfProps): JSX.Element {
    return (
      <section class="shelf" aria-label={`${name}, ${count(tiles.length, 'board')}`}>
        <header class="shelf-head">
          <h2>{name}</h2>
          <span>{count(tiles.length, 'board')}</span>
          <Ports tiles={tiles} />
        </header>
        <ul class="tiles">
          {tiles.map((tile) => (
            <li key={tile.name}>
              <TileButton
                tile={tile}
                hue={hueOf.get(tile.role) ?? 0}
                isDense={isDense}
                isTabStop={tile.name === tabStop}
                isChosen={chosen?.has(tile.name)}
              />
            </li>
          ))}
        </ul>
      </section>
    );
  }
}

/** The front of the switch that feeds a shelf: a lamp for each port that a board is behind. Tiles say the same in words. */
function Ports({ tiles }: { readonly tiles: readonly NodeTile[] }): JSX.Element | null {
  const first = tiles[0]?.power;
  if (first === undefined || tiles.some(({ power }) => power?.switch !== first.switch)) return null;
  const byPort = new Map(tiles.map((tile) => [tile.power?.port, tile]));
  const highest = Math.max(...tiles.map(({ power }) => power?.port ?? 0));
  const size = [8, 16, 24, 48].find((ports) => ports >= highest) ?? highest;
  return (
    <span class="ports" aria-hidden="true">
      {Array.from({ length: size }, (_, index) => {
        const tile = byPort.get(index + 1);
        return <i key={index} class={tile === undefined ? '' : toneOf[tile.state]} />;
      })}
    </span>
  );
}
