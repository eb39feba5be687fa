/** Turns what apt says when it fails into one sentence that names the cause. */
import { HostError } from '../model/errors.ts';

/** A package archive could not be reached, or what it sent is not signed as it should be. */
export class ArchiveError extends HostError {
  /** Host name or address in the URI that failed. */
  readonly host: string;

  constructor(message: string, host: string, options: { hint?: string; cause?: unknown }) {
    super(message, options);
    this.host = host;
  }
}

const unreachable =
  /Could not (?:connect|resolve)|Temporary failure resolving|Unable to connect|Connection (?:failed|refused|timed out)|Network is unreachable|Connection timed out/i;
const unsigned =
  /NO_PUBKEY|is not signed|Missing key|signatures? (?:were|was|couldn't)|not live until|EXPKEYSIG|not bound/i;

/** @param said lines of stdout and stderr @param hint for failures that are not the archive's */
export function aptError(said: readonly string[], cause: unknown, hint?: string): Error {
  const complaints = said.filter((line) => /^(?:Err:|E:|W:| )/.test(line));
  const failed = complaints.flatMap((line) => /\bhttps?:\/\/([^/\s']+)/.exec(line)?.[1] ?? []);
  const host = failed[0] ?? '';
  const text = complaints.join('\n');
  if (host !== '' && unreachable.test(text)) {
    return new ArchiveError(`cannot reach the package archive at ${host}`, host, {
      cause: shortCause(complaints, unreachable),
      hint: `Look whether this machine reaches ${host} ("apt-get update"); with --offline a build uses what is there.`,
    });
  }
  if (host !== '' && unsigned.test(text)) {
    return new ArchiveError(`the package archive at ${host} is not signed by a key that we trust`, host, {
      cause: shortCause(complaints, unsigned),
      hint: 'Give the file with its key: --keyring debian=FILE or --keyring raspberrypi=FILE.',
    });
  }
  if (!(cause instanceof HostError)) return cause as Error;
  const reason = said.filter((line) => line.startsWith('E:')).map((line) => line.slice(2).trim());
  if (reason.length === 0) return cause;
  const why = shortCause(said, /^\s+\S/);
  return new HostError(`apt failed: ${reason.join('; ')}`, {
    ...(why !== undefined && { cause: why }),
    ...(hint !== undefined && { hint }),
  });
}

/** The first line that tells why, as a cause. */
function shortCause(lines: readonly string[], pattern: RegExp): Error | undefined {
  const line = lines.find((candidate) => pattern.test(candidate));
  return line === undefined ? undefined : new Error(line.trim());
}
