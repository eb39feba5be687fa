/** The list of all commands, in the order in which --help shows them. */
import { registerApply } from './commands/apply.ts';
import { registerBuild } from './commands/build.ts';
import { registerCompletion } from './commands/completion.ts';
import { registerConfig } from './commands/config.ts';
import { registerDemo } from './commands/demo.ts';
import { registerImage } from './commands/image.ts';
import { registerInit } from './commands/init.ts';
import { registerNfs } from './commands/nfs.ts';
import { registerNode } from './commands/node.ts';
import { registerOverlay } from './commands/overlay.ts';
import { registerRack } from './commands/rack.ts';
import { registerRole } from './commands/role.ts';
import { registerServe } from './commands/serve.ts';
import { registerSetup } from './commands/setup.ts';
import { registerStatus } from './commands/status.ts';
import { registerToken } from './commands/token.ts';
import type { RegisterCommand } from './context.ts';

export const commands: readonly RegisterCommand[] = [
  registerInit,
  registerBuild,
  registerServe,
  registerApply,
  registerStatus,
  registerNode,
  registerRole,
  registerOverlay,
  registerImage,
  registerConfig,
  registerToken,
  registerNfs,
  registerRack,
  registerDemo,
  registerSetup,
  registerCompletion,
];
