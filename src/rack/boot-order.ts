/** BOOT_ORDER of an EEPROM: what comes after the network has failed. Read from the right, one digit each. */
import { UsageError } from '../model/errors.ts';

/** What a board without card, stick and disk spends on an entry, beside the network. */
const emptyMs: Readonly<Record<string, number>> = {
  // SD card: none in the slot.
  '1': 0,
  // USB: USB_MSD_DISCOVER_TIMEOUT of the EEPROM's configuration.
  '4': 20_000,
  // NVMe: none on the bus.
  '6': 0,
};

export interface BootOrder {
  readonly text: string;
  /** From a failed network boot to the next one; undefined where the order ends without a restart. */
  readonly untilNetworkMs: number | undefined;
}

/** @throws UsageError for an order that never comes to the network, and for entries that no virtual board has */
export function parseBootOrder(text: string): BootOrder {
  const digits = /^0x([0-9a-f]{1,8})$/i.exec(text)?.[1]?.toLowerCase();
  const order = (digits ?? '').split('').toReversed();
  const network = order.indexOf('2');
  const before = order.slice(0, Math.max(network, 0));
  const isKnown = order.every((digit) => digit in emptyMs || '2ef'.includes(digit));
  if (network === -1 || !isKnown || !before.every((digit) => digit in emptyMs)) {
    throw new UsageError(`"${text}" is not a BOOT_ORDER of a virtual board`, {
      hint: 'Digits are 1 (SD card), 2 (network), 4 (USB), 6 (NVMe), e (stop) and f (restart), for example 0xf21.',
    });
  }
  return { text, untilNetworkMs: walk(before, order.slice(network + 1)) };
}

function walk(before: readonly string[], after: readonly string[]): number | undefined {
  let spentMs = 0;
  for (const digit of after) {
    if (digit === '2') return spentMs;
    if (digit === 'e') return undefined;
    if (digit === 'f') return spentMs + before.reduce((sum, each) => sum + (emptyMs[each] ?? 0), 0);
    spentMs += emptyMs[digit] ?? 0;
  }
  return undefined;
}
