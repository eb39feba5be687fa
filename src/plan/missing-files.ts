/** Which of the files that a board does not get keep it from booting? Most are optional, and missing at every boot. */
import type { Boot } from '../model/boot.ts';

const needed =
  /^(?:bootcode\.bin|start\w*\.elf|config\.txt|cmdline\.txt|bcm\w[\w-]*\.dtb|kernel[\w-]*\.img|vmlinu[\w.-]*|init(?:ramfs|rd)[\w.-]*|boot\.(?:img|sig)|[\w-]+\.efi|autoexec\.ipxe|01-(?:[0-9a-f]{2}-){5}[0-9a-f]{2})$/i;

/** Whoever asks for more than that asks at random. */
const maxNoted = 8;

export function noteMissing(boot: Boot, file: string, reason: string): Boot {
  const { missing = [], closed } = boot;
  const name = file.slice(file.lastIndexOf('/') + 1);
  const isNoted = missing.some((each) => each.file === file);
  if (closed !== undefined || !needed.test(name) || isNoted || missing.length >= maxNoted) return boot;
  return { ...boot, missing: [...missing, { file, reason }] };
}
