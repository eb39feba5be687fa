/** The list of all commands, in the order in which --help shows them. */
import { registerBuild } from './commands/build.ts';
import { registerConfig } from './commands/config.ts';
import { registerInit } from './commands/init.ts';
import { registerNfs } from './commands/nfs.ts';
import { registerRack } from './commands/rack.ts';
import { registerServe } from './commands/serve.ts';
import type { RegisterCommand } from './context.ts';

export const commands: readonly RegisterCommand[] = [
  registerInit,
  registerBuild,
  registerConfig,
  registerServe,
  registerNfs,
  registerRack,
];
