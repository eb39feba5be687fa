/** Why boards waited, began again or went wrong: one sentence for each reason that a board gives. Pure. */

const sentences: readonly (readonly [RegExp, string])[] = [
  [
    /held back$/,
    'the service lets only as many boards load as finish in time; an EEPROM asks again 8 and 24 s after the first time',
  ],
  [/^no OFFER in 45 s/, 'held back three times, or lost: the EEPROM gives up, and goes on as BOOT_ORDER says'],
  [/^no OFFER in 25 s/, 'five DISCOVERs without an OFFER; only cutting its power helps'],
  [
    /not complete \d+ s after its request$/,
    'the limit of an EEPROM for one file, even while data flows: blocks were lost, or too many boards loaded at once',
  ],
  [/the server fell silent/, 'no block came in that time, although it asked again every 2 s'],
  [/^power cut/, '--die asked for it'],
  [/although its ACK had left$/, 'an error of the service: no frame of that board was lost, doubled or overtaken'],
  [/is not the file of the image$/, 'an error of the service: other bytes came than the image has'],
];

/** undefined: the reason says all that is known. */
export function whyOf(reason: string): string | undefined {
  return sentences.find(([form]) => form.test(reason))?.[1];
}
