/** Switches power by a program of the administrator: its arguments, then `on`, `off` or `status`, the node and the port. */
import { HostError } from '../model/errors.ts';
import { run, type Argv } from './process.ts';

export interface PowerCommand {
  readonly command: readonly string[];
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface CommandTarget {
  readonly node: string;
  readonly port: number;
}

/** Resolves when the program has ended with 0. @throws HostError */
export async function switchByCommand(wanted: 'on' | 'off', target: CommandTarget, how: PowerCommand): Promise<void> {
  await call(wanted, target, how);
}

/** The first word it prints. @throws HostError when that is neither `on` nor `off` */
export async function statusByCommand(target: CommandTarget, how: PowerCommand): Promise<'on' | 'off'> {
  const said = (await call('status', target, how)).trim().split(/\s/)[0]?.toLowerCase() ?? '';
  if (said === 'on' || said === 'off') return said;
  throw new HostError(
    `"${how.command[0]} status" printed ${said === '' ? 'nothing' : JSON.stringify(said.slice(0, 40))}`,
    {
      hint: 'It must print on or off.',
    },
  );
}

async function call(verb: string, { node, port }: CommandTarget, { command, timeoutMs, signal }: PowerCommand) {
  const deadline = AbortSignal.timeout(timeoutMs);
  const [program = '', ...args] = command;
  const argv: Argv = [program, ...args, verb, node, String(port)];
  try {
    return await run(argv, { signal: AbortSignal.any([signal, deadline]) });
  } catch (error) {
    signal.throwIfAborted();
    if (!deadline.aborted) throw error instanceof HostError ? failed(error, argv) : error;
    throw new HostError(`"${program} ${verb}" for ${node} did not end within ${timeoutMs / 1000} s`, {
      hint: 'Try it by hand; "timeout" of the switch in cluster.yaml gives it longer.',
    });
  }
}

/** What it printed stands in the message. */
function failed({ message, cause }: HostError, [program, ...args]: Argv): HostError {
  const hint = `Run it by hand as the user of the service: "${program}" with "${args.slice(-3).join(' ')}" must end with 0.`;
  return new HostError(message, { hint, ...(cause !== undefined && { cause }) });
}
