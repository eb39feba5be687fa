/** Sizes as people read them. */

const units = ['kB', 'MB', 'GB', 'TB'] as const;

/** Powers of 1000, as disks are sold: 9 MB, 1.2 GB. */
export function renderBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const power = Math.min(units.length, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[power - 1]}`;
}
