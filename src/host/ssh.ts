/** Runs a command as root on a node, with the key and the certificate of this storage node. */
import { HostError } from '../model/errors.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import { run } from './process.ts';
import type { StorageKey } from './ssh-keys.ts';

export interface SshOptions {
  readonly address: Ipv4Address;
  /** The shell of the node reads it: never a value from outside. */
  readonly command: string;
  readonly key: Pick<StorageKey, 'sshArguments'>;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/** A node that boots refuses connections until its sshd is up: tried once a second, until the deadline. */
const settings = ['-o', 'ConnectTimeout=10', '-o', 'ConnectionAttempts=20', '-o', 'LogLevel=ERROR'];

/** A node that goes down may take the connection with it before the command's end has been told. */
const wentDown = /Connection to \S+ closed by remote host/;

/** @returns stdout. @throws HostError with what ssh said */
export async function runOnNode({ address, command, key, deadlineMs, signal }: SshOptions): Promise<string> {
  const deadline = AbortSignal.timeout(deadlineMs);
  try {
    return await run(['ssh', '-n', ...key.sshArguments, ...settings, `root@${address}`, command], {
      signal: AbortSignal.any([signal, deadline]),
    });
  } catch (error) {
    signal.throwIfAborted();
    if (deadline.aborted) throw unreachableNode(address, `it did not answer within ${deadlineMs / 1000} s`);
    // A hint of its own: ssh is not installed.
    if (!(error instanceof HostError) || error.hint !== undefined) throw error;
    throw unreachableNode(address, whatItSaid(error.message));
  }
}

/** Resolves when the node has taken the order; it goes down a moment later. */
export function rebootNode(options: Omit<SshOptions, 'command'>): Promise<void> {
  return runToTheEnd({ ...options, command: 'systemctl reboot' });
}

/** As above; it stays down until its power is switched off and on. */
export function shutDownNode(options: Omit<SshOptions, 'command'>): Promise<void> {
  return runToTheEnd({ ...options, command: 'systemctl poweroff' });
}

async function runToTheEnd(options: SshOptions): Promise<void> {
  try {
    await runOnNode(options);
  } catch (error) {
    if (!(error instanceof HostError && wentDown.test(error.message))) throw error;
  }
}

/** Paths of key files help nobody: what ssh itself says comes after the line with its arguments. */
function whatItSaid(message: string): string {
  const [first = '', ...said] = message.split('\n');
  return said.join('; ') || first.slice(first.lastIndexOf('" ') + 2);
}

function unreachableNode(address: Ipv4Address, reason: string): HostError {
  return new HostError(`ssh to root@${address} failed: ${reason}`, {
    hint: 'Does its role have the overlay ssh, and does the node answer ping? Else switch its power off and on.',
  });
}
