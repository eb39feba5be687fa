/** What happened, newest first. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import type { Event } from '../model/event.ts';
import { showEvent } from './event-words.ts';
import { SearchField } from './fields.tsx';
import { Empty, Moment } from './pieces.tsx';

export interface EventsProps {
  readonly events: readonly Event[];
  readonly open: (node: string) => void;
}

export function EventsView({ events, open }: EventsProps): JSX.Element {
  const [text, setText] = useState('');
  const wanted = text.trim().toLowerCase();
  const shown = events
    .map(showEvent)
    .filter((event) => `${event.node ?? ''} ${event.kind} ${event.text}`.toLowerCase().includes(wanted));
  return (
    <>
      <div class="toolbar" role="search">
        <SearchField label="Find events" placeholder="Find: node, kind, words" value={text} change={setText} />
      </div>
      {shown.length === 0 && (
        <Empty title={events.length === 0 ? 'Nothing has happened yet.' : 'No event is like that.'} />
      )}
      <ol class="events">
        {shown.map((event) => (
          <li key={event.id} class={event.tone}>
            <Moment ms={event.atMs} />
            <span>
              {event.node !== undefined && (
                <button type="button" class="link" onClick={() => open(event.node ?? '')}>
                  {event.node}
                </button>
              )}{' '}
              {event.text}
            </span>
          </li>
        ))}
      </ol>
    </>
  );
}
