import { expect, test } from 'vitest';

import { renderLoaderTexts } from '../../src/plan/loader-texts.ts';

const render = (commandLine: string, text = 'append {{commandLine}}\n') =>
  renderLoaderTexts(
    { configTxt: '', cmdlineTxt: '', texts: new Map([['pxelinux.cfg', text]]) },
    { commandLine },
    'boot/uefi',
  );

test('the command line goes into the text', () => {
  expect(render('quiet a=b;c ro')).toEqual({ 'pxelinux.cfg': 'append quiet a=b;c ro\n' });
});

test('a board without such templates has no texts', () => {
  expect(renderLoaderTexts({ configTxt: '', cmdlineTxt: '' }, { commandLine: '${' }, 'boot/pi4')).toBeUndefined();
});

test.each([
  ['quiet x=${ip}', '${'],
  ['quiet || reboot', '||'],
  ['&& quiet', '&&'],
  ['quiet ;', ';'],
])('"%s" is refused: boot loaders would act on it', (commandLine, found) => {
  expect(() => render(commandLine)).toThrow(
    `the command line of boot/uefi holds "${found}", which iPXE and U-Boot would act on`,
  );
});

test('a mistake in the template names the file', () => {
  expect(() => render('quiet', '{{comandLine}}')).toThrow('boot/uefi/pxelinux.cfg.hbs');
});
