/** The service of a test site as a process that can be killed: it is asked to switch a node, and goes on until then. */
import path from 'node:path';

import { openService } from '../../src/cli/wire-up.ts';
import { powerActions as actions } from '../../src/model/power.ts';

const [dir = '', node = '', wanted = ''] = process.argv.slice(2);
const action = actions.find((each) => each === wanted) ?? 'cycle';
const silent = { info: () => undefined, warn: () => undefined };
const paths = {
  config: path.join(dir, 'cluster.yaml'),
  dataDirs: [dir, path.resolve(import.meta.dirname, '../..')],
  state: path.join(dir, 'state'),
  runtime: path.join(dir, 'run'),
};

const service = await openService({ paths, log: silent, signal: new AbortController().signal });
if (node !== '') await service.power.change([node], action, { by: 'test', dryRun: false, ifMatch: undefined });
process.stdout.write('asked\n');
setInterval(() => undefined, 60_000);
