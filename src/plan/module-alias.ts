/** Which driver answers to a device's name in the device tree? From the text files that depmod and the kernel's build write. */

/** Name in the device tree -> modules (or built-in parts) that claim it. */
export type DriverIndex = ReadonlyMap<string, ReadonlySet<string>>;

export interface AliasTexts {
  /** modules.alias: `alias of:N*T*Cbrcm,bcm2711-genet-v5 genet` */
  readonly alias: string;
  /** modules.builtin.modinfo: `name.alias=of:N*T*C…`, each ended by NUL */
  readonly builtinModinfo: string;
}

export function parseDrivers(texts: AliasTexts): { readonly modules: DriverIndex; readonly builtin: DriverIndex } {
  const loadable = texts.alias.split('\n').map((line) => /^alias (\S+) (\S+)$/.exec(line));
  const inside = texts.builtinModinfo.split('\0').map((line) => /^([^.]+)\.alias=(\S+)$/.exec(line));
  return {
    modules: indexOf(loadable.map((found) => ({ alias: found?.[1], driver: found?.[2] }))),
    builtin: indexOf(inside.map((found) => ({ alias: found?.[2], driver: found?.[1] }))),
  };
}

function indexOf(claims: readonly { alias: string | undefined; driver: string | undefined }[]): DriverIndex {
  const index = new Map<string, Set<string>>();
  for (const { alias, driver } of claims) {
    const name = alias === undefined ? undefined : nameInTree(alias);
    if (name === undefined || driver === undefined) continue;
    index.set(name, (index.get(name) ?? new Set<string>()).add(driver));
  }
  return index;
}

/**
 * `of:N*T*Cbrcm,bcm2711-genet-v5` is `brcm,bcm2711-genet-v5`; `pci:v00001DE4d00000001sv*…` is `pci1de4,1`
 * (IEEE 1275 PCI binding §2.5). Other buses have no place in a device tree.
 */
function nameInTree(alias: string): string | undefined {
  const compatible = /^of:N[^T]*T[^C]*C([^*]+)$/.exec(alias)?.[1];
  if (compatible !== undefined) return compatible;
  const pci = /^pci:v([0-9A-F]{8})d([0-9A-F]{8})sv\*/.exec(alias);
  if (pci?.[1] === undefined || pci[2] === undefined) return undefined;
  return `pci${shortHex(pci[1])},${shortHex(pci[2])}`;
}

function shortHex(digits: string): string {
  return Number.parseInt(digits, 16).toString(16);
}
