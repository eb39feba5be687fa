#!/usr/bin/env node
/** Composition root: gives one run of the command line its arguments, streams and signals, and takes its exit code. */
import { fileURLToPath } from 'node:url';

import { runProgram } from './program.ts';
import { describeTerminal } from './terminal.ts';

// Nodes, the network unit and programs of other users read what is made here; what is secret says so itself.
process.umask(0o022);

const stop = new AbortController();
const stopBy = (signal: NodeJS.Signals) => stop.abort(new Error(`stopped by ${signal}`));
// A second Ctrl-C is from somebody who does not want to wait.
process.once('SIGINT', stopBy);
// A second SIGTERM says nothing new: PR_SET_PDEATHSIG sends one for each thread of a killed parent that we were left to.
process.on('SIGTERM', stopBy);

// "pi-image node list | head" closes our stdout early: nobody is left to fail for. A build whose service was killed
// loses both, and still has to take away what is half-made.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    stop.abort(new Error('nobody reads the output'));
  });
}

process.exitCode = await runProgram(process.argv.slice(2), {
  // src/ and dist/ have the same depth, so the shipped images/, overlays/ and boot/ are found from both.
  shippedDir: fileURLToPath(new URL('../../', import.meta.url)),
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
  // oxlint-disable-next-line node/no-process-env -- the locale says which characters the terminal has
  terminal: () => describeTerminal(process.stdout, process.env),
  isInteractive: process.stderr.isTTY,
  signal: stop.signal,
});
