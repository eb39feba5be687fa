/**
 * Nodes that fail in their initramfs or in their system: its own scripts run in the board's namespace against the whole
 * service, each broken on purpose, and the doctor names the fault.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { DoctorBoard } from '../support/doctor-board.ts';
import { storageAddress } from '../support/serve-fixture.ts';

let board: DoctorBoard;
beforeAll(async () => {
  board = await DoctorBoard.open('60s');
  await board.site.serve();
}, 60_000);
afterAll(() => board.close());

/** A new boot, whose board has its address. */
beforeEach(async () => {
  await board.site.powerOn();
});

/** What mount of the initramfs' kernel answers, from a client that speaks NFS without one: libnfs. */
const mountByLibnfs = `mount() {
  said=$(nfs-ls "nfs://$server$root?version=4&nfsport=$nfs_port" 2>&1 > /dev/null) && return 0
  case $said in *NOENT*) reached= ;; *) reached=$(busybox timeout 2 busybox wget -O /dev/null "http://$server:$nfs_port/" 2>&1) ;; esac
  case $said$reached in
    *NOENT*) echo 'mount: mounting it failed: No such file or directory' ;;
    *efused*) echo 'mount: mounting it failed: Connection refused' ;;
    *) echo 'mount: mounting it failed: No route to host' ;;
  esac >&2
  return 1
}; set_nfs_parameters() { :; }`;

describe('the initramfs fails', () => {
  test('its token is refused', async () => {
    await board.initramfs('report kernel; apply_overlay', 'token=of-another-boot');

    await board.says('token-refused: its token was refused: this is not the token of this boot');
  });

  test('its root is not exported to it', async () => {
    await board.initramfs(
      'report network; mount_nfs "$reading" $work/image',
      `${mountByLibnfs}; root=/images/small/20200101.1/root`,
    );

    await board.says(
      `nfs-not-exported: cannot mount ${storageAddress}:/images/small/20200101.1/root over NFS: the storage node does not export it to 10.42.0.11`,
    );
  });

  test('nothing answers at the NFS port', async () => {
    await board.initramfs('report network; mount_nfs "$reading" $work/image', `${mountByLibnfs}; nfs_port=2050`);

    await board.says(
      /^nfs-down: cannot mount .* over NFS: nothing answers on port 2050, the NFS server is not running$/,
    );
  });

  test('the NFS server is out of reach', async () => {
    const unreachable = `${mountByLibnfs}; ip route add unreachable 10.42.0.77; real=$server; report() { server=$real; tell "$@"; }`;
    const tell =
      'tell() { wget -q -O /dev/null --header "Authorization: Bearer $token" --post-data "phase=$1&uptime=1&detail=$(form_value "$2")" "http://$real/boot/v1/phase"; }';
    await board.initramfs(
      'report network; server=10.42.0.77; mount_nfs "$reading" $work/image',
      `${tell}; ${unreachable}`,
    );

    await board.says(/^nfs-unreachable: cannot mount .* over NFS: the storage node does not answer$/);
  });

  test('HTTP answers late', async () => {
    await board.initramfs(
      'report network; http_port=81; get_patiently clock x',
      'fail() { http_port=80; report failed "$1"; exit 7; }',
    );

    await board.says('http-down: cannot get clock from 10.42.0.1: nothing answers on port 81');
  });

  test('another HTTP server gives the time', async () => {
    const serve = `const answer = (q, r) => r.end('<html>'); require('http').createServer(answer).listen(82, '${storageAddress}', () => console.log('up'))`;
    const other = board.site.net.start('storage', [process.execPath, '-e', serve]);
    await other.line(/up/);
    await board.initramfs(
      'report kernel; http_port=82; set_clock',
      'fail() { http_port=80; report failed "$1"; exit 7; }',
    );
    await other.stop();

    await board.says('wrong-clock: 10.42.0.1 gave "<html>" for the time');
  });

  test('its overlay arrives damaged', async () => {
    await board.initramfs('report root; apply_overlay', damages('echo more >> "$file"'));

    await board.says("overlay-damaged: this node's overlay arrived damaged three times");
  });

  test('its overlay is of another version', async () => {
    const stripped = 'tar -x -f $2 -C $work/strip; rm -rf $work/strip/.pi-image; tar -c -f $2 -C $work/strip .';
    const stubs = `mkdir -p $work/strip; get() { fetch "$@" && case $1 in *.tar) ${stripped} ;; esac; }; sha256sum() { :; }`;
    await board.initramfs('report root; apply_overlay', `${fetchAsBefore}; ${stubs}`);

    await board.says(/^old-initramfs: this node's overlay lists no removals: /);
  });

  test('there is no room for its overlay', async () => {
    const small = 'mount -t tmpfs -o size=4k none $new_root';
    await board.initramfs('report root; apply_overlay; ', small);
    await board.site.onBoard('sh', '-c', `umount ${board.site.dir}/initramfs/root || true`);

    await board.says(/^no-memory: cannot unpack this node's overlay: .*No space left/);
  });

  test('its root is larger than its memory', async () => {
    await board.initramfs('report network; mode=ram; size=99999999999999; make_root');

    await board.says(/^root-too-large: a root of \d+ MiB does not fit into this board's \d+ MiB of memory$/);
  });

  test('the squashfs of its image is none', async () => {
    await board.initramfs('report network; echo none > $work/file; mkdir $work/image; mount_squashfs $work/file');

    await board.says(/^squashfs-broken: cannot mount the image's squashfs: ./);
  });

  test('there is no room in its tree', async () => {
    const small = 'mode=persistent; private=$work/private; mount -t tmpfs -o size=4k none $new_root';
    await board.initramfs('report root; apply_overlay', small);

    await board.says(/^tree-not-written: cannot put this node's overlay into its tree: .*No space left/);
  });

  test('its image has no init', async () => {
    await board.initramfs('report root; apply_overlay; hand_over', 'mkdir -p $new_root');

    await board.says('no-init: the image has no /sbin/init');
  });

  test('in a way that nobody foresaw', async () => {
    await board.initramfs('report network; fail "the moon is full" ""');

    await board.says('said-otherwise: the moon is full');
  });
});

const fetchAsBefore =
  'fetch() { wget -q -T 10 -O "$2" --header "Authorization: Bearer $token" "http://$server/boot/v1/$1" 2> $work/error; }';

function damages(how: string): string {
  return `${fetchAsBefore}; get() { fetch "$@"; file=$2; case $1 in *.tar) ${how} ;; esac; }`;
}

describe('the system fails', () => {
  /** The overlay is applied; `then` speaks under the key of the boot. */
  const boots = (...then: readonly string[]) =>
    board.initramfs(
      [
        'report root',
        'apply_overlay',
        'report overlay "" "digest=$digest&agent=yes"',
        'token=$(cat $new_root/etc/pi-image/boot.key)',
        ...then,
      ].join('\n'),
    );

  test('a unit of its role', async () => {
    await boots('report userspace', 'report failed "slurmd.service: error: Unable to bind"');

    await board.says('unit-failed: slurmd.service: error: Unable to bind');
  });

  test('it waits for something outside', async () => {
    await boots('report userspace', 'report waiting "slurm controller"');

    await board.says('waits-now: it waits for slurm controller');
  });

  test('a unit that was active, later', async () => {
    await boots(
      'report userspace',
      'report ready',
      'wget -q -O /dev/null --header "Authorization: Bearer $token" --post-data "phase=failed&uptime=9&load=0.1&detail=slurmd.service%3A+killed" "http://$server/boot/v1/heartbeat"',
    );

    await board.says('unit-failed: slurmd.service: killed');
  });
});

test('a node on which a file of its overlay was changed', async () => {
  await board.initramfs(
    'report root; apply_overlay; report overlay "" "digest=$digest&agent=yes"; token=$(cat $new_root/etc/pi-image/boot.key); report userspace; report ready\n' +
      'wget -q -O /dev/null --header "Authorization: Bearer $token" --post-data "phase=ready&uptime=9&load=0.1&checked=9&drifted=1&drift=changed:etc/hosts" "http://$server/boot/v1/heartbeat"',
  );

  await board.notesThat(/^drifted: drifted: \/etc\/hosts changed on the node$/);
});

test('a boot that is under way is shown with where it is', async () => {
  // The boot before has just spoken: it is asked whether it is still there, and has 3 s for the answer.
  await board.notesThat(/^still-booting: it boots since \d+s, and came to offered$/);
});

test('a node that is ready has nothing against it', async () => {
  await board.initramfs(
    'report root; apply_overlay; report overlay "" "digest=$digest&agent=yes"; token=$(cat $new_root/etc/pi-image/boot.key); report userspace; report ready',
  );

  expect(await board.diagnosis()).toMatchObject({ state: 'ready' });
  expect(await board.wrong()).toBeUndefined();
});

test('a node that was taken back by itself, as a unit failed in what was edited', { timeout: 150_000 }, async () => {
  const overlayAnd = (...then: readonly string[]) =>
    board.initramfs(
      [
        'report root; apply_overlay; report overlay "" "digest=$digest&agent=yes"',
        'token=$(cat $new_root/etc/pi-image/boot.key); report userspace',
        ...then,
      ].join('\n'),
    );
  await overlayAnd('report ready');
  const compute = { image: 'small', overlays: ['base'], deadline: '60s', kernelArguments: ['quiet'] };
  await board.writeCluster({ roles: { compute, other: { image: 'absent' } } });
  // The service looks at its files every 2 s.
  await sleep(5000);
  await board.site.powerOn();
  await overlayAnd('report failed "slurmd.service: killed"');

  await board.notesThat(
    /^fell-back: it did not come up in generation [0-9a-f]{12}, and is held at [0-9a-f]{12}: slurmd\.service: killed$/,
    90_000,
  );
});
