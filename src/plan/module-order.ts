/** Which kernel modules does a module need, and in which order must they be loaded? From the text files that depmod writes. */
import path from 'node:path';

export interface ModuleTexts {
  /** modules.dep: `path: paths it needs` */
  readonly dep: string;
  /** modules.builtin: paths of what the kernel has inside */
  readonly builtin: string;
  /** modules.softdep: `softdep name pre: names post: names` */
  readonly softdep: string;
}

export interface ModuleIndex {
  /** Name -> path below lib/modules/<release>. */
  readonly paths: ReadonlyMap<string, string>;
  /** Name -> names that must be loaded before it. */
  readonly needs: ReadonlyMap<string, readonly string[]>;
  readonly builtin: ReadonlySet<string>;
}

export function parseModules(texts: ModuleTexts): ModuleIndex {
  const lines = linesOf(texts.dep).map((line) => {
    const [file = '', needed = ''] = line.split(':');
    return { file, needed: needed.split(' ').filter((part) => part !== '') };
  });
  const soft = parseSoftDependencies(texts.softdep);
  return {
    paths: new Map(lines.map(({ file }) => [moduleName(file), file])),
    // modules.dep lists what must be loaded first at the end of the line.
    needs: new Map(
      lines.map(({ file, needed }) => {
        const name = moduleName(file);
        return [name, [...needed.map(moduleName).toReversed(), ...(soft.get(name) ?? [])]];
      }),
    ),
    builtin: new Set(linesOf(texts.builtin).map(moduleName)),
  };
}

/** `kernel/drivers/net/mdio/mdio-bcm-unimac.ko.xz` is the module mdio_bcm_unimac. */
export function moduleName(file: string): string {
  return path.posix
    .basename(file)
    .replace(/\.ko(?:\.\w+)?$/, '')
    .replaceAll('-', '_');
}

/** The names and all they need, each after its needs. Needs that are built in or not there (soft ones) are left out. */
export function orderModules(index: ModuleIndex, names: readonly string[]): readonly string[] {
  const order = new Set<string>();
  const open = new Set<string>();
  const visit = (name: string): void => {
    // A circle can only come from soft dependencies; whoever is met first goes last.
    if (order.has(name) || open.has(name) || !index.paths.has(name)) return;
    open.add(name);
    for (const need of index.needs.get(name) ?? []) visit(need);
    order.add(name);
  };
  for (const name of names) visit(name);
  return [...order];
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
}

/** Name -> what is asked to be loaded before it. `post:` modules are for after boot. */
function parseSoftDependencies(text: string): ReadonlyMap<string, readonly string[]> {
  const before = new Map<string, readonly string[]>();
  for (const line of linesOf(text)) {
    const found = /^softdep (\S+) pre: (.*?)(?: post:.*)?$/.exec(line);
    if (found?.[1] === undefined || found[2] === undefined) continue;
    const name = moduleName(found[1]);
    before.set(name, [...(before.get(name) ?? []), ...found[2].split(' ').map(moduleName)]);
  }
  return before;
}
