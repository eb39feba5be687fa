/** Differences of boot plans, nodes that change alike together. */
import type { JSX } from 'preact';

import type { RoleDiff } from '../model/role-diff.ts';
import { groupDiffs, summariseDiff, type DiffLine } from './role-preview.ts';
import { shortList } from './words.ts';

const signs: Readonly<Record<DiffLine['kind'], string>> = { added: '+', removed: '−', changed: '~' };

export function DiffView({ nodes }: { readonly nodes: readonly { node: string; diff: RoleDiff }[] }): JSX.Element {
  return (
    <>
      {groupDiffs(nodes).map((group) => (
        <section key={group.nodes[0]} class="diff">
          <h3>
            {shortList(group.nodes)} <small>{summariseDiff(group.lines)}</small>
          </h3>
          <ul tabIndex={0} aria-label="Changes">
            {group.lines.map((line) => (
              <li key={`${line.kind} ${line.what} ${line.text}`} class={line.kind}>
                <span class="sign" aria-hidden="true">
                  {signs[line.kind]}
                </span>
                <span class="hidden">{line.kind} </span>
                <span class="what">{line.what}</span> <code>{line.text}</code>
              </li>
            ))}
          </ul>
          <Patches patches={group.patches} />
        </section>
      ))}
    </>
  );
}

function Patches({ patches }: { readonly patches: RoleDiff['patches'] }): JSX.Element | null {
  const files = Object.entries(patches);
  if (files.length === 0) return null;
  return (
    <details>
      <summary>Line by line</summary>
      {files.map(([file, patch]) => (
        <pre key={file} tabIndex={0} aria-label={`Changes of ${file}`}>
          {patch.split('\n').map((line, index) => (
            <span key={index} class={lineKind(line)}>
              {line}
              {'\n'}
            </span>
          ))}
        </pre>
      ))}
    </details>
  );
}

function lineKind(line: string): string {
  if (line.startsWith('+') && !line.startsWith('+++')) return 'added';
  return line.startsWith('-') && !line.startsWith('---') ? 'removed' : '';
}
