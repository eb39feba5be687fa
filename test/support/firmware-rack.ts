/** Inside namespaces of its own: the storage node's services and one board's firmware, cabled as in a rack. */
import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';

import { run, type Argv } from '../../src/host/process.ts';
import { parseIpv4Interface } from '../../src/model/ipv4.ts';
import { parseMac } from '../../src/model/mac.ts';
import {
  cableBoard,
  cableStorage,
  connectFirmware,
  inNamespace,
  plugOf,
  storageNamespace,
} from '../../src/rack/network.ts';

/** `begins`: `first` starts the services before the board, `late` after its first DISCOVER. */
const [dir = '', serial = '', begins = 'first', ...firmwareFlags] = process.argv.slice(2);
const signal = AbortSignal.timeout(120_000);
const mac = parseMac('dc:a6:32:12:34:56');
const project = path.resolve(import.meta.dirname, '../..');

function typescript(file: string, ...args: readonly string[]): Argv {
  return [process.execPath, '--import', 'tsx', path.join(project, file), ...args];
}

await run(['mount', '-t', 'tmpfs', 'tmpfs', '/run'], { signal });
await cableStorage(parseIpv4Interface('10.42.0.1/24'), signal);
await cableBoard(0, mac, signal);
await connectFirmware(0, true, signal);

let service: ChildProcess | undefined;
function serve(): void {
  const argv = inNamespace(storageNamespace, typescript('test/support/storage-node.ts', `${dir}/served`, serial));
  const [program, ...args] = argv;
  service = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'], cwd: project });
}
if (begins === 'first') serve();

const flags = ['--mac', mac, '--serial', serial, '--out', `${dir}/loaded`, ...firmwareFlags];
await run(inNamespace(plugOf(0).namespace, typescript('src/cli/main.ts', 'rack', 'firmware', ...flags)), {
  signal,
  cwd: project,
  onLine: (line) => {
    process.stdout.write(`${line}\n`);
    // Too late for the first DISCOVER: nobody listened when it left.
    if (line.includes('"discover"') && service === undefined) serve();
  },
});
service?.kill('SIGKILL');
