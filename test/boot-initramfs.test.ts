/** The scripts of boot/initramfs, run by this machine's shell with what they call replaced. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

const folder = path.resolve(import.meta.dirname, '../boot/initramfs');
const parts = readdirSync(path.join(folder, 'lib')).filter((name) => name.endsWith('.sh'));

/** Sources all parts, replaces what would touch the machine, then runs `script`. */
function sh(script: string, stubs: string = ''): string {
  const sources = parts.map((name) => `. '${folder}/lib/${name}'`).join('\n');
  const harmless = `to_kernel_log() { echo "$1: $2"; }; restart() { exit 7; }; sleep() { :; }; report() { echo "report $*"; }`;
  try {
    return execFileSync('/bin/sh', ['-uc', `${sources}\n${harmless}\n${stubs}\n${script}`], { encoding: 'utf8' });
  } catch (error) {
    const { status, stdout } = error as { status: number; stdout: string };
    return `${stdout}exit ${status}\n`;
  }
}

test.each(['init', ...readdirSync(path.join(folder, 'lib')).map((name) => `lib/${name}`)])(
  '%s is a shell script',
  (name) => {
    expect(execFileSync('/bin/sh', ['-n', path.join(folder, name)]).toString()).toBe('');
  },
);

test('init calls only functions that a part defines', () => {
  const calls = execFileSync('sed', ['-n', '/^done/,$p', path.join(folder, 'init')], { encoding: 'utf8' })
    .split('\n')
    .slice(1)
    .map((line) => line.split(' ')[0] ?? '')
    .filter((word) => word !== '');

  expect(calls.length).toBeGreaterThan(8);
  for (const name of calls) expect(sh(`type ${name}`)).toContain('function');
});

describe('the command line', () => {
  const kernel = (text: string) => `cat() { echo '${text}'; }`;
  const all = 'pi_image.server=10.42.0.1 pi_image.root=/images/a/1/root pi_image.id=9ffefdef pi_image.token=secret';

  test('is read word by word', () => {
    const text = `quiet ${all} pi_image.http=8080 pi_image.mac=2c:cf:67:01:02:03 isolcpus=* init=/x`;

    expect(sh('read_command_line; echo "$server $http_port $nfs_port $root $id $mac $token"', kernel(text))).toBe(
      '10.42.0.1 8080 2049 /images/a/1/root 9ffefdef 2c:cf:67:01:02:03 secret\n',
    );
  });

  test.each(['server', 'root', 'id', 'token'])('without pi_image.%s ends in one sentence and a restart', (name) => {
    const text = all.replace(new RegExp(`pi_image\\.${name}=\\S+`), '');

    expect(sh('read_command_line; echo went on', kernel(text))).toBe(
      `3: the kernel's command line has no pi_image.${name}. Look at boot/<board>/cmdline.txt.hbs on the storage node. ` +
        `Starting again in 10 s.\nreport failed the kernel's command line has no pi_image.${name}\nexit 7\n`,
    );
  });
});

describe('a node out of a signed boot.img', () => {
  const kernel = `cat() { echo 'pi_image.server=10.42.0.1 pi_image.root=/images/a/1/root pi_image.boot=signed'; }`;
  let scratch = '';
  let facts = '';
  beforeEach(async () => {
    scratch = await mkdtemp(path.join(tmpdir(), 'initramfs-identity-'));
    await writeFile(path.join(scratch, 'serial'), '10000000deadbeef\0');
    await writeFile(path.join(scratch, 'nonce'), '0f3a3b1e-5b7c-4a70-9a51-3c8f4f6f2d11\n');
    facts =
      `work=${scratch} boot=signed server=10.42.0.1 http_port=80 card=lo token='' address=10.42.0.11; ` +
      `serial_file=${scratch}/serial nonce_file=${scratch}/nonce`;
  });
  afterEach(() => rm(scratch, { recursive: true, force: true }));

  /** Says what it was called with, and answers as the storage node does. */
  const wget = (answer: string) => `wget() { echo "$*" >&2; echo '${answer}' > "$5"; }`;
  const asked = () => readFile(path.join(scratch, 'error'), 'utf8');

  test('has no token, serial or MAC on its command line', () => {
    expect(sh('read_command_line; echo "$boot $id$mac$token."', kernel)).toBe('signed .\n');
  });

  test('says its serial, its MAC and a nonce, and has its token', async () => {
    expect(sh('ask_for_token; echo "$id $mac $token"', `${facts}; ${wget('the-token')}`)).toBe(
      'deadbeef 00:00:00:00:00:00 the-token\n',
    );
    expect(await asked()).toBe(
      `-q -T 10 -O ${scratch}/token --post-data ` +
        'serial=deadbeef&mac=00:00:00:00:00:00&nonce=0f3a3b1e-5b7c-4a70-9a51-3c8f4f6f2d11 ' +
        'http://10.42.0.1:80/boot/v1/token\n',
    );
    expect(readdirSync(scratch)).not.toContain('token');
  });

  test('goes by its MAC where its firmware tells no serial', () => {
    expect(sh('ask_for_token; echo "$id"', `${facts} serial_file=/nonexistent; ${wget('the-token')}`)).toBe(
      '00:00:00:00:00:00\n',
    );
  });

  test('ends the boot when it is refused, and waits for a service that starts', () => {
    const refused = `wget() { echo 'wget: server returned error: HTTP/1.1 403 Forbidden' >&2; return 1; }`;
    expect(sh('ask_for_token', `${facts}; ${refused}`)).toMatch(/^3: 10\.42\.0\.1 gives this node no token\. /);

    const late = `n=0; request_token() { n=$((n + 1)); echo "can't connect: Connection refused" > $work/error; [ $n = 3 ] && echo late > $work/token; }`;
    expect(sh('ask_for_token; echo "$token"', `${facts}; ${late}`)).toBe(
      "3: cannot get this node's token from 10.42.0.1: nothing answers on port 80 (try 1 of 12)\n" +
        "3: cannot get this node's token from 10.42.0.1: nothing answers on port 80 (try 2 of 12)\nlate\n",
    );
  });

  test('is the only one that asks', () => {
    expect(sh('ask_for_token; echo "$token"', `boot='' token=given; wget() { echo asked; }`)).toBe('given\n');
  });
});

test.each([
  'eth0 10.42.0.11',
  'cannot mount a:/b: 100% of 10 tries + more & more; x=y',
  'quotes \' and " and `ticks` and $(words)',
])('a form holds %j as it was', (detail) => {
  const form = sh(`form_value "$detail"`, `detail='${detail.replaceAll("'", String.raw`'\''`)}'`);

  expect(new URLSearchParams(`detail=${form}`).get('detail')).toBe(detail);
});

test.each([
  ['mount: mounting a:/b on /c failed: No such file or directory', 'the storage node does not export it to 10.42.0.11'],
  [
    'mount: mounting a:/b on /c failed: Connection refused',
    'nothing answers on port 2049, the NFS server is not running',
  ],
  ['mount: mounting a:/b on /c failed: Connection timed out', 'the storage node does not answer'],
  ['mount: mounting a:/b on /c failed: Protocol not supported', 'Protocol not supported'],
])('%s is explained', (message, expected) => {
  expect(sh(`explain_mount '${message}'`, 'address=10.42.0.11 nfs_port=2049')).toBe(`${expected}\n`);
});

describe('what the storage node answers', () => {
  const facts = 'server=10.42.0.1 http_port=80 token=secret work=/nonexistent; tail() { echo "$error_text"; }';

  test('a refused token ends the boot at once', () => {
    const answer = sh(
      'get_patiently overlay.tar x',
      `${facts}; get() { return 1; }; error_text='wget: server returned error: HTTP/1.1 403 Forbidden'`,
    );

    expect(answer).toMatch(/^3: 10\.42\.0\.1 refuses the token of this boot when asked for overlay\.tar\. Look at /);
    expect(answer).toMatch(/\nexit 7\n$/);
    expect(answer).not.toContain('secret');
  });

  test('a service that is starting is waited for', () => {
    const answer = sh(
      'n=0; get_patiently clock x && echo got it',
      `${facts}; get() { n=$((n + 1)); [ $n = 3 ]; }; error_text="wget: can't connect to remote host: Connection refused"`,
    );

    expect(answer).toBe(
      '3: cannot get clock from 10.42.0.1: nothing answers on port 80 (try 1 of 12)\n' +
        '3: cannot get clock from 10.42.0.1: nothing answers on port 80 (try 2 of 12)\ngot it\n',
    );
  });
});

describe('modules', () => {
  let scratch = '';
  beforeAll(async () => {
    scratch = await mkdtemp(path.join(tmpdir(), 'initramfs-scripts-'));
    await writeFile(
      path.join(scratch, 'order'),
      'every nfs-of-test\nsquash squashfs-of-test\nuefi virtio-of-test\npi4 genet-of-test\nevery overlay-of-test\n',
    );
    await writeFile(path.join(scratch, 'machines'), 'pi4 brcm,bcm2711\npi5 brcm,bcm2712\n');
  });
  afterAll(() => rm(scratch, { recursive: true, force: true }));

  test.each([
    ['raspberrypi,4-model-b\0brcm,bcm2711\0', 'nfs genet overlay', 'pi4'],
    ['raspberrypi,5-model-b\0brcm,bcm2712\0', 'nfs overlay', 'pi5'],
    ['linux,dummy-virt\0', 'nfs virtio overlay', 'uefi'],
    [undefined, 'nfs virtio overlay', 'uefi'],
  ])('of a machine that calls itself %j are %s', async (compatible, names, group) => {
    const file = path.join(scratch, `compatible-of-${group}-${names.length}`);
    if (compatible !== undefined) await writeFile(file, compatible);
    const stub = `mode=shared modules='${scratch}' compatible_file='${compatible === undefined ? '/nonexistent' : file}'; insmod() { echo "$1"; }`;

    expect(sh('load_modules', stub)).toBe(
      names
        .split(' ')
        .map((name) => `${scratch}/${name}-of-test.ko\n`)
        .join('') + `6: modules of ${group} loaded\n`,
    );
  });

  test('that the kernel refuses are named, and the boot goes on', () => {
    const stub = `mode=shared modules='${scratch}' compatible_file=/nonexistent; insmod() { return 1; }`;

    expect(sh('load_modules', stub)).toContain('3: the kernel refuses its module virtio-of-test\n');
  });
});

describe('the overlay', () => {
  let scratch = '';
  beforeEach(async () => {
    scratch = await mkdtemp(path.join(tmpdir(), 'initramfs-overlay-'));
    await mkdir(path.join(scratch, 'work'));
    const files = {
      'new/etc/ssh/ssh_host_rsa_key': 'of the image',
      'new/etc/ssh/sshd_config': 'of the image',
      'new/with space': 'of the image',
      outside: 'not of the image',
      'source/.pi-image/remove': 'etc/ssh/ssh_host_*\n\n../outside\netc/nothing/*\nwith space\n',
      'source/etc/hostname': 'node01\n',
    };
    for (const [name, text] of Object.entries(files)) {
      await mkdir(path.dirname(path.join(scratch, name)), { recursive: true });
      await writeFile(path.join(scratch, name), text);
    }
    execFileSync('tar', [
      '-cf',
      `${scratch}/overlay.tar`,
      '-C',
      `${scratch}/source`,
      '.pi-image/remove',
      'etc/hostname',
    ]);
    const digest = createHash('sha256')
      .update(await readFile(`${scratch}/overlay.tar`))
      .digest('hex');
    await writeFile(`${scratch}/overlay.sha256`, `${digest}  overlay.tar\n`);
  });
  afterEach(() => rm(scratch, { recursive: true, force: true }));

  /** The storage node is a folder; `sha256sum -s` is busybox's. */
  const stubs = () =>
    `work=${scratch}/work new_root=${scratch}/new mode=shared; get_patiently() { cp "${scratch}/$1" "$2"; }; ` +
    'sha256sum() { command sha256sum -c --status "$3"; }';

  test('is unpacked over the image, what it lists is removed first, and nothing of it stays behind', async () => {
    expect(sh('apply_overlay; umask', stubs())).toBe('0022\n');

    expect(
      readdirSync(scratch, { recursive: true, encoding: 'utf8' })
        .filter((name) => /^(new|work|outside)/.test(name))
        .toSorted(),
    ).toEqual([
      'new',
      'new/etc',
      'new/etc/hostname',
      'new/etc/ssh',
      'new/etc/ssh/sshd_config',
      'outside',
      'work',
      'work/error',
    ]);
  });

  test('that does not match its digest is fetched again, and at last refused', async () => {
    await writeFile(`${scratch}/overlay.sha256`, `${'0'.repeat(64)}  overlay.tar\n`);

    const answer = sh('apply_overlay', stubs());

    expect(answer).toContain("3: this node's overlay arrived damaged three times. ");
    expect(answer.match(/fetching it again/g)).toHaveLength(3);
    expect(readdirSync(`${scratch}/new/etc`)).toEqual(['ssh']);
  });
});

describe('an address from another server', () => {
  const udhcpc =
    'work=$(mktemp -d); echo 10.42.0.57 > $work/address; ip() { :; }; udhcpc() { echo "$*" >&3; }; card=end0';
  const asked = (line: string) =>
    sh(`read_command_line; exec 3>&1; ask_for_address > /dev/null`, `cat() { echo '${line}'; }; ${udhcpc}`);
  const line = 'pi_image.server=10.42.0.1 pi_image.root=/r pi_image.id=9ffefdef pi_image.token=secret';

  test('is asked for as firmware did, without a client id', () => {
    expect(asked(`${line} pi_image.host=node01`)).toContain(' -C ');
    expect(asked(line)).not.toContain(' -C ');
  });

  test.each([
    ['node01', 'router-says', 'node01'],
    ['', 'node02', 'node02'],
    ['', '', 'pi-10-42-0-57'],
    ['', 'No Name', 'pi-10-42-0-57'],
  ])('with %j on the command line and %j from DHCP has the name %s', (host, hostname, expected) => {
    const script = readFileSync(path.join(folder, 'lib/dhcp-event'), 'utf8').replace(/^echo .*$/m, '');
    const stubs = 'ip() { :; }; hostname() { echo "$1"; }; set -- bound';
    const env = { ...process.env, host, hostname, ip: '10.42.0.57', mask: '24', interface: 'end0', router: '' };
    expect(execFileSync('/bin/sh', ['-c', `${stubs}\n${script}`], { encoding: 'utf8', env })).toBe(`${expected}\n`);
  });
});
