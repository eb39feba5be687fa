/** pi-image helper: what the service cannot do without root, for a service that is not root. */
import { findAccount } from '../../host/account.ts';
import { logTo } from '../../host/log.ts';
import { answerRequests, requestLines, type RequestListen } from '../../host/request-socket.ts';
import { serviceUser } from '../../host/service-user.ts';
import { prepareServiceState } from '../../host/service-state.ts';
import { parseListenFds } from '../../host/systemd-sockets.ts';
import { signOlderVersions } from '../../host/trusted-images.ts';
import { HostError } from '../../model/errors.ts';
import type { RootAnswer } from '../../model/root-act.ts';
import { decodeRootAct, decodeRootAnswer, encodeRootAct, longestActBytes } from '../../wire/root-act.ts';
import type { CliContext, RegisterCommand } from '../context.ts';
import { CommandEnded, exitCode } from '../explain.ts';
import { helperSocket } from '../root-runtime.ts';
import { openHelper } from '../wire-up-root-acts.ts';

interface HelperFlags {
  readonly user: string;
  readonly prepare: boolean;
  readonly ask?: string;
}

export const registerHelper: RegisterCommand = (program, context) => {
  program
    .command('helper')
    .summary('do for the service what takes root')
    .description(
      'The part of the service that is root: exports, owners of shares, copies of roots. Does what a service without root asks for ' +
        'on a private socket, by name, and nothing else. systemd starts it.',
    )
    .option('--user <name>', 'whom the service runs as', serviceUser)
    .option('--prepare', 'give the service its files of the state directory, and end', false)
    .option('--ask <act>', 'have the one that runs do this, and print what it says')
    .addHelpText('after', examples)
    .action((flags: HelperFlags) => (flags.ask === undefined ? help(flags, context) : ask(flags.ask, context)));
};

const examples = `
Examples:
  systemctl start pi-image-helper.socket
  pi-image helper --prepare
  pi-image helper --ask '{"act":"nfs-status","server":"ganesha"}'`;

/** What a program says goes on; its exit code becomes ours. */
async function ask(act: string, { paths, signal, stdout }: CliContext): Promise<void> {
  const answers: RootAnswer[] = [];
  const onLine = (line: string) => {
    const answer = decodeRootAnswer(line);
    if (answer.kind === 'said') stdout(`${answer.line}\n`);
    else answers.push(answer);
  };
  await requestLines(helperSocket(paths()), encodeRootAct(decodeRootAct(act)), { signal, onLine });
  const [answer] = answers;
  if (answer === undefined) throw new HostError('the helper ended before it answered', { hint: 'Read its log.' });
  if (answer.kind === 'ended') {
    if (answer.code === exitCode.done) return;
    throw new CommandEnded(answer.code ?? exitCode.failed);
  }
  if (answer.kind !== 'failed') return stdout(`${JSON.stringify(answer)}\n`);
  throw new HostError(answer.reason, { ...(answer.hint !== undefined && { hint: answer.hint }) });
}

async function help({ user, prepare }: HelperFlags, context: CliContext): Promise<void> {
  const { signal } = context;
  const paths = context.paths();
  if (process.getuid?.() !== 0) {
    throw new HostError('the helper is not root', { hint: 'Let systemd start it, or run it with sudo.' });
  }
  const log = logTo(process.stdout);
  const account = await findAccount(user, signal);
  if (prepare) {
    // A key that is made for signing belongs to the service, too.
    await signOlderVersions(paths.state, log);
    return prepareServiceState(paths.state, account);
  }
  // oxlint-disable-next-line node/no-process-env -- sd_listen_fds(3): how systemd hands the socket over
  const [inherited] = parseListenFds(process.env, process.pid);
  const listen: RequestListen = inherited ?? { file: helperSocket(paths), gid: account.gid };
  const answer = openHelper({ paths, log });
  const ready = () => log.info('helper.ready', { state: paths.state, user });
  await answerRequests({ listen, answer, longestBytes: longestActBytes, signal, ready });
  log.info('helper.ended', {});
}
