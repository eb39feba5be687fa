/** One board in the rack. Drawn again only when its node has changed: there may be a thousand. */
import { Component, type JSX } from 'preact';

import type { NodeTile } from '../api/schemas/watch.ts';
import { showTile } from './tile.ts';

export interface TileProps {
  readonly tile: NodeTile;
  /** Which of the colours for roles it has. */
  readonly hue: number;
  readonly isDense: boolean;
  /** The one that Tab reaches; arrow keys reach the others. */
  readonly isTabStop: boolean;
  /** undefined while boards are not being chosen. */
  readonly isChosen: boolean | undefined;
}

export class TileButton extends Component<TileProps> {
  override shouldComponentUpdate(next: TileProps): boolean {
    const { tile, hue, isDense, isTabStop, isChosen } = this.props;
    const isSame = next.tile === tile && next.hue === hue && next.isDense === isDense;
    return !isSame || next.isTabStop !== isTabStop || next.isChosen !== isChosen;
  }

  override render({ tile, hue, isDense, isTabStop, isChosen }: TileProps): JSX.Element {
    const shown = showTile(tile);
    const { progress } = shown;
    return (
      <button
        type="button"
        class={`tile ${shown.tone} hue-${hue}`}
        data-node={shown.name}
        tabIndex={isTabStop ? 0 : -1}
        aria-label={shown.label}
        title={shown.label}
        {...(isChosen !== undefined && { 'aria-pressed': isChosen })}
      >
        <span class="led">{shown.sign}</span>
        <span class="name">{shown.name}</span>
        <span class="status">{shown.status}</span>
        <span class={`heat ${shown.heat ?? ''}`}>{shown.temperature}</span>
        {!isDense && <span class="port">{shown.port}</span>}
        {!isDense && (
          <span class="foot">
            <span class="role">{shown.role}</span>
            <span class={shown.isOutdated ? 'version old' : 'version'}>{shown.version}</span>
          </span>
        )}
        {progress !== undefined && (
          <span class="progress">
            <span style={{ transform: `scaleX(${progress})` }} />
          </span>
        )}
      </button>
    );
  }
}
