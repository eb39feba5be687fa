/** The list of all commands, in the order in which --help shows them. */
import type { RegisterCommand } from './context.ts';

export const commands: readonly RegisterCommand[] = [];
