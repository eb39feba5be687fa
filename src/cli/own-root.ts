/** Commands that make images need root. An ordinary user gets one of his own: root of a user namespace, with a state directory of his. */
import { readdirSync } from 'node:fs';
import { access, constants, mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';

import { imagesDir } from '../host/image-store.ts';
import { isOfNamespace } from '../host/state-owner.ts';
import { runAttended } from '../host/process.ts';
import { namespaceArgv, tryUserNamespace } from '../host/user-namespace.ts';
import { HostError } from '../model/errors.ts';
import { explainRefusal } from '../plan/namespace-refusal.ts';
import { systemState, type CliContext } from './context.ts';
import { CommandEnded, exitCode } from './explain.ts';
import { selfArgv } from './self.ts';

/** What belongs to all users of this machine is for root: without a --state, an ordinary user works in his cache. */
function ownState(context: CliContext): string {
  const { state } = context.paths();
  return process.getuid?.() === 0 || state !== systemState ? state : path.join(cacheDir(), 'pi-image');
}

function cacheDir(): string {
  // oxlint-disable-next-line node/no-process-env -- where the user wants caches to be
  const wanted = process.env['XDG_CACHE_HOME'] ?? '';
  return path.isAbsolute(wanted) ? wanted : path.join(homedir(), '.cache');
}

/** Nothing of it needs root: only the place is the user's own. */
export function inOwnState(context: CliContext): CliContext {
  return { ...context, paths: () => ({ ...context.paths(), state: ownState(context) }) };
}

/**
 * Where a reader finds an image, or any: with the service, else where builds without root have put it.
 * @param reference NAME or NAME@VERSION
 */
export function whereImageIs(context: CliContext, reference?: string): CliContext {
  const [name] = reference?.split('@') ?? [];
  const own = ownState(context);
  return !hasImage(context.paths().state, name) && hasImage(own, name) ? inOwnState(context) : context;
}

function hasImage(state: string, name: string | undefined): boolean {
  return imageNames(state).some((known) => name === undefined || known === name);
}

function imageNames(state: string): string[] {
  try {
    return readdirSync(imagesDir(state)).filter((name) => !name.startsWith('.'));
  } catch {
    // Neither what is not there nor what is not ours to read has images for us.
    return [];
  }
}

/** @returns a line for who is shown the service's images and has built others, else nothing */
export function describeOwnImages(context: CliContext): string {
  const [own, shown] = [ownState(context), context.paths().state];
  const names = own === shown ? [] : imageNames(own);
  return names.length === 0 ? '' : `what you have built is in ${own}: pi-image --state ${own} image list\n`;
}

/** Runs this command as root, or all of it again as root of a user namespace. */
export async function asRoot(context: CliContext, work: () => Promise<void>): Promise<void> {
  if (process.getuid?.() === 0) return work();
  const state = ownState(context);
  await requireOwn(state);
  const facts = await tryUserNamespace(state, context.signal);
  if (facts !== undefined) {
    const { why, cure } = explainRefusal(facts);
    throw new HostError(`without root this takes a user namespace, and ${why}`, {
      hint: `${cure} Or run it with sudo.`,
    });
  }
  await runAgain(['--state', state, ...process.argv.slice(2)], context.signal);
}

/** For what only sometimes needs root: in a state directory that such builds have made. */
export async function asItsOwner(context: CliContext, work: () => Promise<void>): Promise<void> {
  return (await isOfNamespace(context.paths().state)) ? asRoot(context, work) : work();
}

async function requireOwn(state: string): Promise<void> {
  try {
    await mkdir(state, { recursive: true });
    await access(state, constants.W_OK);
  } catch (error) {
    throw new HostError(`cannot write to ${state}`, {
      cause: error,
      hint: 'Give a folder of yours with --state DIR, or run it with sudo.',
    });
  }
}

async function runAgain(args: readonly string[], signal: AbortSignal): Promise<void> {
  const code = await runAttended(namespaceArgv(selfArgv(...args)), { signal }).catch((error: unknown) => {
    // It has heard the same signal, and has said so.
    if (signal.aborted) return exitCode.interrupted;
    throw error;
  });
  if (code !== exitCode.done) throw new CommandEnded(code);
}
