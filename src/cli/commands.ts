/** The list of all commands, in the order in which --help shows them. */
import { registerConfig } from './commands/config.ts';
import { registerInit } from './commands/init.ts';
import { registerRack } from './commands/rack.ts';
import type { RegisterCommand } from './context.ts';

export const commands: readonly RegisterCommand[] = [registerInit, registerConfig, registerRack];
