/** What takes root, done by the helper: the service says what, by name, and waits. */
import { stat } from 'node:fs/promises';

import type { Exporter } from '../host/nfs/exporter.ts';
import { HostError, WireError } from '../model/errors.ts';
import type { NfsServer, RootAct, RootAnswer } from '../model/root-act.ts';
import { askExport } from '../plan/asked-exports.ts';
import { decodeRootAnswer, encodeRootAct } from '../wire/root-act.ts';
import type { RootActs } from './root-acts.ts';

/** A line to the helper, and its line back. @throws HostError when nobody answers */
export type AskHelper = (line: string, signal: AbortSignal) => Promise<string>;

/** How long it may take: a program that is started, and a copy of a root behind others. */
const patienceMs = 60_000;
const copyPatienceMs = 4 * 3_600_000;

const askAgainMs = 60_000;

/** For acts that are carried through also when the service is about to end. */
const never = new AbortController().signal;

export function helperRootActs(ask: AskHelper): RootActs {
  const inTheEnd = async (wanted: RootAct, signal = never): Promise<void> => {
    expect(await answerTo(ask, wanted, { signal, patienceMs: copyPatienceMs }), 'done');
  };
  return {
    makeSquash: ({ name, version }, signal) => inTheEnd({ act: 'make-squash', name, version }, signal),
    makeTree: (node, { name, version }, signal) => inTheEnd({ act: 'make-tree', node, name, version }, signal),
    removeTree: (node, { name, version }) => inTheEnd({ act: 'remove-tree', node, name, version }),
    sweepRoots: () => inTheEnd({ act: 'sweep-roots' }),
    dropPatterns: () => inTheEnd({ act: 'drop-patterns' }),
    sweepStore: () => inTheEnd({ act: 'sweep-store' }),
    keepShare: shareKeeper(ask),
    chooseExporter: async (choice) => {
      const answer = await answerTo(ask, { act: 'choose-nfs', choice }, { signal: never, patienceMs });
      return exporter(expect(answer, 'chosen').server, ask);
    },
  };
}

/** Called once a second: the helper is asked when there is something to do, and seldom where it sees it otherwise than we do. */
function shareKeeper(ask: AskHelper): RootActs['keepShare'] {
  const asked = new Map<string, { readonly wanted: string; readonly atMs: number }>();
  return async ({ name, path, ids }) => {
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && (ids === undefined || (found.uid === ids.uid && found.gid === ids.gid))) return;
    const wanted = JSON.stringify(ids ?? {});
    const last = asked.get(path);
    const nowMs = Date.now();
    if (last?.wanted === wanted && nowMs - last.atMs < askAgainMs) return;
    expect(await answerTo(ask, { act: 'keep-share', share: name }, { signal: never, patienceMs }), 'done');
    asked.set(path, { wanted, atMs: nowMs });
  };
}

function exporter(server: NfsServer, ask: AskHelper): Exporter {
  return {
    name: server,
    apply: async (exports, signal) => {
      const wanted: RootAct = { act: 'export', server, exports: exports.map(askExport) };
      expect(await answerTo(ask, wanted, { signal, patienceMs }), 'done');
    },
    status: async () => {
      const answer = await answerTo(ask, { act: 'nfs-status', server }, { signal: never, patienceMs });
      return answer.kind === 'stopped' ? answer : expect(answer, 'running');
    },
    stop: () => Promise.reject(new HostError('the helper ends no NFS server', { hint: 'Run "pi-image nfs stop".' })),
  };
}

interface Patience {
  readonly signal: AbortSignal;
  readonly patienceMs: number;
}

async function patiently(ask: AskHelper, line: string, { signal, patienceMs: ms }: Patience): Promise<string> {
  const deadline = AbortSignal.timeout(ms);
  try {
    return await ask(line, AbortSignal.any([signal, deadline]));
  } catch (error) {
    signal.throwIfAborted();
    if (!deadline.aborted) throw error;
    throw new HostError(`the helper did not answer within ${ms / 1000} s`, {
      hint: 'Look at it: "journalctl -u pi-image-helper".',
    });
  }
}

/** @throws HostError with what the helper says, or because it does not answer */
async function answerTo(ask: AskHelper, act: RootAct, patience: Patience): Promise<RootAnswer> {
  const answer = decodeRootAnswer(await patiently(ask, encodeRootAct(act), patience));
  if (answer.kind !== 'failed') return answer;
  throw new HostError(answer.reason, { ...(answer.hint !== undefined && { hint: answer.hint }) });
}

function expect<Kind extends RootAnswer['kind']>(
  answer: RootAnswer,
  kind: Kind,
): Extract<RootAnswer, { readonly kind: Kind }> {
  if (answer.kind === kind) return answer as Extract<RootAnswer, { readonly kind: Kind }>;
  throw new WireError(`the helper answers "${answer.kind}" where it should say "${kind}"`);
}
