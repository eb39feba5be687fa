/**
 * serve/neighbours.ts as a program, for a network namespace: follow-boots.ts STEP…
 *
 * A step is `ADDRESS MAC PHASE…` for each boot, separated by commas; SIGUSR1 goes to the next. Says `log …`, a line
 * each. Ends on SIGTERM.
 */
import type { Boot } from '../../src/model/boot.ts';
import type { BootPhase } from '../../src/model/boot-phase.ts';
import { followBoots } from '../../src/serve/neighbours.ts';
import { sampleView } from './sample-view.ts';

const steps = process.argv.slice(2);
const stop = new AbortController();

function readBoot(text: string): Boot {
  const [address = '', mac = '', ...phases] = text.trim().split(' ');
  const facts = { id: mac, node: 'n', generation: 'g', startedAtMs: 0, tokenExpiresAtMs: 0, lastSeenMs: 0 };
  const reached = phases.map((phase) => ({ phase: phase as BootPhase, atMs: 0 }));
  return { ...facts, files: 0, bytes: 0, address, mac, phases: reached };
}

const read = (step = ''): readonly Boot[] => (step === '' ? [] : step.split(',').map(readBoot));
let boots = read(steps.shift());
process.on('SIGUSR1', () => {
  boots = read(steps.shift());
});
process.once('SIGTERM', () => stop.abort());

const say = (event: string, fields?: object): void => {
  process.stdout.write(`log ${event} ${JSON.stringify(fields ?? {})}\n`);
};
say('started');
const site = { view: () => sampleView() };
await followBoots({ site, boots: { all: () => boots }, log: { info: say, warn: say } }, stop.signal);
