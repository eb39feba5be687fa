/** Extended attributes of files, which Node does not know: capabilities of programs, access lists. */
import { run } from './process.ts';

/** Name -> value in hexadecimal. */
export type Xattrs = Readonly<Record<string, string>>;

/** Path relative to `root` (itself is `.`) -> its attributes, for all below it that have some. */
export async function readXattrs(root: string, signal: AbortSignal): Promise<Map<string, Xattrs>> {
  const options = ['--recursive', '--physical', '--no-dereference', '--dump', '--match=-', '--encoding=hex'];
  return parseXattrs(await run(['getfattr', ...options, '--', '.'], { signal, cwd: root }));
}

/** Of these entries alone, not of what is below them. @param paths relative to `root` */
export async function readXattrsOf(
  root: string,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, Xattrs>> {
  const found = new Map<string, Xattrs>();
  const options = ['--no-dereference', '--dump', '--match=-', '--encoding=hex'];
  for (let first = 0; first < paths.length; first += pathsPerCall) {
    const some = paths.slice(first, first + pathsPerCall);
    const text = await run(['getfattr', ...options, '--', ...some], { signal, cwd: root });
    for (const [file, xattrs] of parseXattrs(text)) found.set(file, xattrs);
  }
  return found;
}

/** Each has at most 4,096 bytes, and all arguments together 2 MB. */
const pathsPerCall = 400;

/** What a security module or overlayfs keeps for itself on this machine is not of the tree. */
const ownOfMachine = /^(?:security\.(?:selinux|ima|evm)|trusted\.overlay\.(?!opaque)|user\.overlay\.(?!opaque))/;

/** @param text of getfattr --dump --encoding=hex */
export function parseXattrs(text: string): Map<string, Xattrs> {
  const found = new Map<string, Xattrs>();
  for (const block of text.split('\n\n')) {
    const [head = '', ...lines] = block.split('\n');
    const file = /^# file: (.*)$/.exec(head)?.[1];
    const values = lines.flatMap((line) => {
      const [, name = '', value = ''] = /^([^=]+)=0x([0-9a-f]*)$/i.exec(line) ?? [];
      return name === '' || ownOfMachine.test(name) ? [] : [[name, value.toLowerCase()] as const];
    });
    if (file !== undefined && values.length > 0) found.set(unescapeName(file), Object.fromEntries(values));
  }
  return found;
}

/** getfattr writes line ends, backslashes and bytes above 0x7f in octal. */
function unescapeName(name: string): string {
  const bytes = Buffer.from(name, 'utf8').toString('latin1');
  const plain = bytes.replaceAll(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCodePoint(Number.parseInt(digits, 8)),
  );
  return Buffer.from(plain, 'latin1').toString('utf8');
}

export async function writeXattrs(file: string, xattrs: Xattrs, signal: AbortSignal): Promise<void> {
  for (const [name, value] of Object.entries(xattrs)) {
    await run(['setfattr', '--no-dereference', '--name', name, '--value', `0x${value}`, '--', file], { signal });
  }
}
