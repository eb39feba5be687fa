/** A boot as a waterfall, and as a table for those who read it: one row for each phase. */
import type { JSX } from 'preact';

import type { PublicBoot } from '../model/node-status.ts';
import { useNow } from './use-asked.ts';
import { layOut, type PlacedBar } from './waterfall.ts';

/** The bar of the phase that goes on grows this often. */
const growMs = 500;

export function WaterfallView({ boot }: { readonly boot: PublicBoot }): JSX.Element {
  const nowMs = useNow(boot.closed === undefined ? growMs : undefined);
  const { bars, ticks, outcome, cause, hint } = layOut(boot, nowMs);
  return (
    <figure class="waterfall">
      <figcaption>
        <strong>{outcome}</strong>
        {boot.image !== undefined && (
          <span>
            {boot.role} on {boot.image}
          </span>
        )}
      </figcaption>
      <table>
        <thead class="hidden">
          <tr>
            <th scope="col">Phase</th>
            <th scope="col">Took</th>
            <th scope="col">When, and what is known of it</th>
          </tr>
        </thead>
        <tbody>
          {bars.map((bar) => (
            <Row key={`${bar.phase} ${bar.at}`} bar={bar} />
          ))}
        </tbody>
      </table>
      <div class="scale" aria-hidden="true">
        {ticks.map(({ percent, text }) => (
          <span key={text} style={{ left: `${percent}%` }}>
            {text}
          </span>
        ))}
      </div>
      {cause !== undefined && (
        <div class="note bad">
          <strong>{cause}</strong>
          {hint !== undefined && <p>{hint}</p>}
        </div>
      )}
    </figure>
  );
}

function Row({ bar }: { readonly bar: PlacedBar }): JSX.Element {
  const { phase, leftPercent, widthPercent, at, took, note, kind } = bar;
  return (
    <tr class={kind}>
      <th scope="row">{phase}</th>
      <td class="took">{took}</td>
      <td class="lane">
        <span class="hidden">{at === '' ? 'not reached' : `reached at ${at}`}. </span>
        <span class="track" aria-hidden="true">
          <i style={{ left: `${leftPercent}%`, width: `${widthPercent}%` }} />
        </span>
        {note !== '' && <span class="says">{note}</span>}
      </td>
    </tr>
  );
}
