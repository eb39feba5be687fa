/** The hold of boot/initramfs in the shells that run it, with what it calls replaced. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const folder = path.resolve(import.meta.dirname, '../boot/initramfs');
const parts = readdirSync(path.join(folder, 'lib')).filter((name) => name.endsWith('.sh'));

let scratch = '';
beforeEach(() => {
  scratch = mkdtempSync(path.join(tmpdir(), 'initramfs-hold-'));
  writeFileSync(path.join(scratch, 'address'), '10.42.0.200\n');
  writeFileSync(path.join(scratch, 'serial'), '100000001234abcd\0');
  mkdirSync(path.join(scratch, 'dt'));
  writeFileSync(path.join(scratch, 'dt', 'model'), 'Raspberry Pi 4 Model B & more\0');
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

describe.each([
  ['dash', ['/bin/sh']],
  ['busybox', ['busybox', 'sh']],
])('in %s', (_name, shell) => {
  function sh(script: string, stubs = ''): string {
    const sources = parts.map((name) => `. '${folder}/lib/${name}'`).join('\n');
    const harmless = `to_kernel_log() { echo "$1: $2"; }; restart() { echo restart; exit 7; }; sleep() { :; }`;
    const facts =
      `work='${scratch}' leds='${scratch}/leds' device_tree='${scratch}/dt' serial_file='${scratch}/serial' ` +
      `compatible_file=/nonexistent modules='${scratch}' card=lo server=10.42.0.1 http_port=80 hold=1 deadline=1 token='' address=''`;
    writeFileSync(path.join(scratch, 'machines'), '');
    const [program = '', ...args] = shell;
    try {
      const text = `${sources}\n${harmless}\n${facts}\n${stubs}\n${script}`;
      return execFileSync(program, [...args, '-uc', text], { encoding: 'utf8', timeout: 10_000 });
    } catch (error) {
      const { status, stdout } = error as { status: number; stdout: string };
      return `${stdout}exit ${status}\n`;
    }
  }

  /** The storage node's answers, one a question, then a name; what it was asked goes into a file. */
  const wget = (...answers: readonly string[]) =>
    `n=0; wget() { n=$((n + 1)); echo "$*" >> ${scratch}/asked; case $n in ` +
    answers.map((answer, index) => `${index + 1}) ${answer} ;;`).join(' ') +
    ` *) echo reboot > "$5" ;; esac; }`;
  const asked = () => readFileSync(path.join(scratch, 'asked'), 'utf8').trim().split('\n');

  const network =
    'find_card() { :; }; ask_for_address() { echo "asks with <$lease_mode>"; }; stop_deadline() { echo no deadline; }';

  test('a node goes on', () => {
    expect(sh('hold_if_asked; echo went on', `hold=''; ${network}`)).toBe('went on\n');
  });

  test('it keeps its address, shows what it is, and starts again when it has a name', () => {
    const shown = sh('hold_if_asked', `${network}; ${wget()}; memory_mib() { echo 3792; }`);

    expect(shown).toBe(
      'asks with <>\nno deadline\n' +
        '3: this board is no node yet. serial 1234abcd, Raspberry Pi 4 Model B & more, 3792 MiB, ' +
        'MAC 00:00:00:00:00:00, address 10.42.0.200\n' +
        '3: it waits for: pi-image node adopt 00:00:00:00:00:00 NAME --role ROLE --address ADDRESS\n' +
        '3: this board has a name now: starting again to boot its role\nrestart\nexit 7\n',
    );
    const [question = ''] = asked();
    expect(question).toContain('http://10.42.0.1:80/boot/v1/hold');
    const form = new URLSearchParams(/--post-data (\S+)/.exec(question)?.[1]);
    expect(Object.fromEntries(form)).toEqual({
      mac: '00:00:00:00:00:00',
      serial: '1234abcd',
      board: 'uefi',
      memory: '3792',
      model: 'Raspberry Pi 4 Model B & more',
      port: '',
    });
  });

  test('the memory is that of this machine', () => {
    expect(Number(sh('memory_mib'))).toBeGreaterThan(100);
  });

  test('a storage node that is silent, refuses or says something else is asked again', () => {
    const silent = `{ echo "wget: can't connect to remote host: Connection refused" >&2; return 1; }`;
    const refused = `{ echo 'wget: server returned error: HTTP/1.1 404 Not Found' >&2; return 1; }`;
    const shown = sh('hold_if_asked', `${network}; ${wget(silent, refused, 'echo dance > "$5"', 'echo wait > "$5"')}`);

    expect(asked()).toHaveLength(5);
    expect(shown).toContain(
      "3: the storage node 10.42.0.1 does not answer: wget: can't connect to remote host: Connection refused. Asking again in 10 s.\n",
    );
    expect(shown).toContain('404 Not Found');
    expect(shown).toContain('answers "dance", which this board does not know');
    expect(shown.match(/is no node yet/g)).toHaveLength(1);
    expect(shown).toContain('restart\nexit 7\n');
  });

  test('the port of its switch is told when it is known, and shown', () => {
    writeFileSync(path.join(scratch, 'switch-port'), 'sw1 port 7\n');

    expect(sh('hold_if_asked', `${network}; ${wget()}`)).toContain(', switch port sw1 port 7\n');
    expect(asked()[0]).toContain('&port=sw1+port+7 ');
  });

  describe('on request', () => {
    test.each(['ACT', 'led0'])('the LED %s blinks, and the kernel has it back', (name) => {
      const led = path.join(scratch, 'leds', name);
      mkdirSync(led, { recursive: true });
      writeFileSync(path.join(led, 'trigger'), 'none timer [mmc0] heartbeat\n');
      writeFileSync(path.join(led, 'brightness'), '');
      const stub = `sleep() { read -r light < ${led}/brightness; read -r trigger < ${led}/trigger; echo "$light $trigger"; }`;

      const shown = sh('act_on blink', stub);

      expect(shown.startsWith('3: here I am')).toBe(true);
      expect(shown.match(/1 none\n0 none\n/g)).toHaveLength(25);
      expect(readFileSync(path.join(led, 'trigger'), 'utf8')).toBe('mmc0\n');
    });

    test('a board without one says so', () => {
      expect(sh('act_on blink')).toContain('this kernel has no LED that could blink');
    });
  });

  test('its command line needs the storage node alone', () => {
    const line =
      'console=tty1 pi_image.hold=1 pi_image.server=10.42.0.1 pi_image.http=8080 pi_image.mac=dc:a6:32:aa:bb:cc';
    const kernel = (text: string) => `cat() { echo '${text}'; }`;

    expect(sh('read_command_line; echo "$hold $server $http_port $mac"', kernel(line))).toBe(
      '1 10.42.0.1 8080 dc:a6:32:aa:bb:cc\n',
    );
    expect(sh('read_command_line', kernel('pi_image.hold=1'))).toContain('has no pi_image.server');
  });
});
