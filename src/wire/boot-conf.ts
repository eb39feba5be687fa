/** bootconf.txt, the settings of a Pi's boot loader: NAME=value lines under [filters] that say which boards they are for. */

export interface BootConfSetting {
  /** Of the section that it stands in; `all` before the first. */
  readonly filter: string;
  readonly name: string;
  readonly value: string;
}

export function parseBootConf(text: string): BootConfSetting[] {
  const settings: BootConfSetting[] = [];
  let filter = 'all';
  for (const line of text.split(/[\r\n\0]+/).map((each) => each.trim())) {
    const section = /^\[(.+)\]$/.exec(line)?.[1];
    const setting = /^([A-Za-z0-9_]+)\s*=\s*(.*)$/.exec(line);
    if (section !== undefined) filter = section.trim().toLowerCase();
    else if (setting !== null) settings.push({ filter, name: setting[1] ?? '', value: setting[2] ?? '' });
  }
  return settings;
}

/** The value that counts on every board; a later line takes the place of an earlier one. */
export function settingOf(settings: readonly BootConfSetting[], name: string): string | undefined {
  return settings.findLast((each) => each.name === name && each.filter === 'all')?.value;
}

/** BOOT_ORDER is read from the right, one digit each: 2 is the network, 7 is HTTP, e stops, f begins anew. */
const networkDigits = /[27]/;

export function bootsFromNetwork(order: string): boolean {
  const digits = /^0x([0-9a-f]{1,8})$/i.exec(order.trim())?.[1] ?? '';
  const tried = digits.split(/[ef]/i).at(-1) ?? '';
  return networkDigits.test(tried);
}
