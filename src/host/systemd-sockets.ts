/** Sockets that systemd opened for us: sd_listen_fds(3), read from environment variables that the caller passes in. */

export interface InheritedSocket {
  readonly fd: number;
  /** FileDescriptorName= of the socket unit; `unknown` when it has none. */
  readonly name: string;
}

/** SD_LISTEN_FDS_START */
const firstFd = 3;

/** More than this is no list of ours. */
const maxFds = 1000;

/** @returns nothing when the variables are meant for another process, which happens when a shell stands in between. */
export function parseListenFds(
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
): readonly InheritedSocket[] {
  if (env['LISTEN_PID'] !== String(pid)) return [];
  const count = Number(env['LISTEN_FDS']);
  if (!Number.isInteger(count) || count < 1 || count > maxFds) return [];
  const names = env['LISTEN_FDNAMES']?.split(':') ?? [];
  return Array.from({ length: count }, (_, at) => ({ fd: firstFd + at, name: names[at] || 'unknown' }));
}
