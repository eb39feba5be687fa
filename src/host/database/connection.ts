/** Opens state.db so that a commit is on the disk when it returns, and says in a person's words what SQLite refuses. */
import { closeSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';

import Sqlite from 'better-sqlite3';

import { ConfigError, HostError, PiImageError } from '../../model/errors.ts';

export type Connection = Sqlite.Database;

/** Readers and the one writer get along (WAL); only a checkpoint or another program in the file makes one wait. */
const busyMs = 5000;

export function connectToWrite(file: string): Connection {
  return inWords(file, () => {
    mkdirSync(path.dirname(file), { recursive: true });
    // Holds tokens of boots under way. SQLite gives its files beside this one the same mode.
    closeSync(openSync(file, 'a', 0o600));
    const connection = new Sqlite(file, { timeout: busyMs });
    return orClose(connection, () => {
      requireSound(connection, file);
      setPragma(connection, 'journal_mode', 'wal');
      // NORMAL by default when a WAL database is opened again: an answer would leave before the disk has it.
      setPragma(connection, 'synchronous', 2, 'FULL');
      setPragma(connection, 'foreign_keys', 1);
      // What a token was leaves the file with it.
      setPragma(connection, 'secure_delete', 1);
    });
  });
}

export function connectToRead(file: string): Connection {
  return inWords(file, () => {
    const connection = new Sqlite(file, { readonly: true, timeout: busyMs });
    return orClose(connection, () => connection.pragma('user_version'));
  });
}

/** Set and read back: a setting that did not take would be found out after a power cut. */
function setPragma(
  connection: Connection,
  name: string,
  wanted: string | number,
  word: string | number = wanted,
): void {
  connection.pragma(`${name} = ${word}`);
  const is: unknown = connection.pragma(name, { simple: true });
  if (is !== wanted) throw new HostError(`SQLite does not set ${name} to ${word}: it is ${String(is)}`);
}

function requireSound(connection: Connection, file: string): void {
  const found: unknown = connection.pragma('quick_check(1)', { simple: true });
  if (found !== 'ok') throw damaged(file, String(found));
}

function orClose(connection: Connection, prepare: () => void): Connection {
  try {
    prepare();
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

function inWords<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw databaseError(file, error);
  }
}

/** SQLite's errors as ours; anything else is a bug and stays what it is. */
export function databaseError(file: string, error: unknown): unknown {
  if (error instanceof PiImageError || !(error instanceof Error)) return error;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (/^SQLITE_(?:CORRUPT|NOTADB)/.test(code)) return damaged(file, error.message, error);
  if (code.startsWith('SQLITE_BUSY')) {
    return new HostError(`${file} is locked by another program`, { cause: error, hint: `Find it: "fuser ${file}".` });
  }
  if (/^SQLITE_(?:FULL|IOERR)/.test(code)) {
    const hint = 'Look for free space and a sound disk there ("df", "dmesg").';
    return new HostError(`cannot write ${file}: ${error.message}`, { cause: error, hint });
  }
  if (/^(?:SQLITE_(?:CANTOPEN|READONLY|PERM)|EACCES|EPERM|EROFS|ENOSPC|ENOTDIR)/.test(code)) {
    const hint = 'Run pi-image as root, or give --state DIR.';
    return new HostError(`cannot open ${file}: ${error.message}`, { cause: error, hint });
  }
  if (code === 'ERR_DLOPEN_FAILED' || error.message.startsWith('Could not locate the bindings file')) {
    const hint = 'Run "npm rebuild better-sqlite3" where pi-image is installed.';
    return new HostError(`SQLite is not compiled for Node ${process.version}`, { cause: error, hint });
  }
  return error;
}

export function damaged(file: string, reason: string, cause?: unknown): ConfigError {
  return new ConfigError(`${file} is damaged: ${reason}`, {
    cause,
    hint: `Restore it from a backup, or move it away with the files beside it ("mv ${file}* /root/") to start with an empty one. Nothing was overwritten.`,
  });
}
