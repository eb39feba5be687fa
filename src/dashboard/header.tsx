/** Above every view: where one can go, whether the page is current, light or dark, and the way out. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import { readTheme, showTheme, themes, type Theme } from './keep.ts';
import type { Connection } from './live.ts';
import { renderPlace, views, type View } from './place.ts';
import { isOpen } from './progress.ts';
import type { Shown } from './use-cluster.ts';

export interface HeaderProps {
  readonly shown: Shown;
  readonly view: View;
  readonly leave: () => void;
}

const titles: Readonly<Record<View, string>> = {
  rack: 'Rack',
  boards: 'Boards',
  operations: 'Operations',
  rollouts: 'Rollouts',
  images: 'Images',
  events: 'Events',
};

/** Beside a view's name: what waits or goes on there. */
function badgeOf(view: View, { cluster, operations, rollouts = [] }: Shown): { count: number; says: string } {
  switch (view) {
    case 'boards':
      return { count: cluster.boards.length, says: 'wait for a name' };
    case 'operations':
      return { count: operations.filter(isOpen).length, says: 'under way' };
    case 'rollouts':
      return { count: rollouts.filter(isOpen).length, says: 'under way' };
    case 'rack':
    case 'images':
    case 'events':
      return { count: 0, says: '' };
    default:
      return view satisfies never;
  }
}

export function Header({ shown, view, leave }: HeaderProps): JSX.Element {
  const there = views.filter((each) => each !== 'rollouts' || shown.rollouts !== undefined);
  return (
    <header class="top">
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          document.querySelector<HTMLElement>('#main button, #main input')?.focus();
        }}
      >
        To the content
      </a>
      <span class="brand">
        <span class="mark" aria-hidden="true">
          <i />
          <i />
          <i />
        </span>
        pi-image
      </span>
      <nav aria-label="Views">
        {there.map((each) => {
          const { count, says } = badgeOf(each, shown);
          return (
            <a key={each} href={renderPlace({ view: each })} aria-current={each === view ? 'page' : undefined}>
              {titles[each]}
              {count > 0 && (
                <span class="count">
                  {count}
                  <span class="hidden"> {says}</span>
                </span>
              )}
            </a>
          );
        })}
      </nav>
      <div class="tools">
        <Live connection={shown.connection} />
        <ThemeSwitch />
        <button type="button" class="plain" onClick={leave}>
          Log out
        </button>
      </div>
    </header>
  );
}

const words: Readonly<Record<Connection, string>> = { live: 'Live', connecting: 'Connecting', lost: 'Not connected' };

function Live({ connection }: { readonly connection: Connection }): JSX.Element {
  return (
    <span class={`live ${connection}`} role="status">
      {words[connection]}
    </span>
  );
}

const themeSigns: Readonly<Record<Theme, string>> = { system: '◐', light: '☀', dark: '☾' };

function ThemeSwitch(): JSX.Element {
  const [theme, setTheme] = useState(readTheme);
  const next = themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'system';
  const change = () => {
    showTheme(next);
    setTheme(next);
  };
  return (
    <button
      type="button"
      class="plain"
      onClick={change}
      aria-label={`Colours: ${theme}. Change to ${next}`}
      title={`Colours: ${theme}`}
    >
      <span aria-hidden="true">{themeSigns[theme]}</span>
    </button>
  );
}
