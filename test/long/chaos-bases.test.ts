/**
 * kill -9 while a base is fetched and unpacked, at every place of what does that, a tar file, a card by its address, a container image
 * of a registry; and full disks for each. Then while "build --update" asks an archive and makes its layer. Needs root.
 */
import { readFile, writeFile } from 'node:fs/promises';

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

import { run } from '../../src/host/process.ts';
import { cardForm, containerForm, tarForm, type BaseForm } from '../support/base-forms.ts';
import { BuildLab } from '../support/build-lab.ts';
import { compile } from '../support/compiled.ts';
import { buildWithLittleRoom } from '../support/full-disk.ts';
import { guidePackage } from '../support/guide-root.ts';
import { brokenPlaces, runUndisturbed } from '../support/kill-places.ts';
import { makeSignedArchive, type SignedArchive } from '../support/signed-archive.ts';

const signal = AbortSignal.timeout(3_600_000);

beforeAll(compile);

/** Form -> which parts of the program make a layer of it, and one of them that must be among the places. */
const forms = [
  ['a tar file', tarForm, 'build/unpack-root.js'],
  ['a card', cardForm, 'host/download.js'],
  ['a container image', containerForm, 'host/oci-layer.js'],
] as const;
const unpacks = /build\/(?:unpack-|read-oci)|host\/(?:disk-image|download|known-digests|oci-|pipe|unpack-tree)/;

describe.each(forms)('the base is %s', (_, open, part) => {
  const build = ['build', 'tiny'] as const;
  const lab = new BuildLab();
  let form: BaseForm;

  beforeAll(async () => {
    form = await open();
    await lab.openBuilt('one', build, form.pack);
    await lab.change('two');
  });
  afterAll(async () => {
    await lab.close();
    await form.close();
  });

  test('kill -9 at each place where it is unpacked', async () => {
    const undisturbed = await runUndisturbed(lab, build);
    const places = undisturbed.places.filter((place) => unpacks.test(place));
    expect(places.join('\n')).toContain(part);
    expect(await brokenPlaces(lab, { ...undisturbed, places }, { from: 'one', command: build })).toEqual([]);
  });
});

test.each(forms)('the disk of the state has ever more room while %s is unpacked', async (_, open) => {
  const build = ['build', 'tiny'] as const;
  const lab = new BuildLab();
  const { pack, close } = await open();
  onTestFinished(() => lab.close().then(close));
  await lab.open(pack);
  await lab.mountDisks({ state: 90, exports: 40 });
  await lab.change('one');
  await lab.command(...build);
  await lab.change('two');
  const rooms = [0, 0.3, 1, 2, 4, 6, 8, 12, 16, 20, 30, 40, 60].map((megabytes) => megabytes * 1e6);
  const failed = await buildWithLittleRoom(lab, 'state', rooms);
  expect(failed).toBeGreaterThan(3);
  expect(failed).toBeLessThan(rooms.length);
});

/** $1 the base, $2 address of an archive, $3 its key: more packages than one, or a newer one would be a new base. */
const withArchive = `
cd "$1"
mkdir -p etc/apt/sources.list.d usr/share/keyrings
printf 'Types: deb\\nURIs: %s\\nSuites: stable\\nComponents: main\\nSigned-By: /usr/share/keyrings/own.gpg\\n' "$2" > etc/apt/sources.list.d/own.sources
cp "$3" usr/share/keyrings/own.gpg
for name in one two three four five; do
  printf '\\nPackage: %s\\nStatus: install ok installed\\nVersion: 1\\nArchitecture: all\\nMaintainer: nobody <nobody@example.org>\\nDescription: stays\\n' $name >> var/lib/dpkg/status
  printf '/.\\n' > var/lib/dpkg/info/$name.list
done
find . -depth -exec touch -h -d @1650000000 {} +
`;

describe('an update', () => {
  const update = ['build', 'tiny', '--update'] as const;
  const lab = new BuildLab();
  let archive: SignedArchive;

  beforeAll(async () => {
    const packages = [
      await guidePackage('tool', '1.1'),
      await guidePackage('busybox-static', '1.0'),
      await guidePackage('ipxe', '1.0', 'usr/lib/ipxe/ipxe-arm64.efi'),
    ];
    archive = await makeSignedArchive(['stable'], ['main'], packages);
    const about = [archive.url, archive.keyring];
    await lab.openBuilt('one', ['build', 'tiny'], async (folder) => {
      await run(['sh', '-euc', withArchive, 'sh', `${folder}/base`, ...about], { signal });
      return { root: 'base' };
    });
  });
  afterAll(async () => {
    await lab.close();
    await archive.remove();
  });

  test('kill -9 at each place where it asks, fetches, installs, locks and publishes', async () => {
    const locked = await readFile(lab.lockFile);
    const prepare = () => writeFile(lab.lockFile, locked);
    const undisturbed = await runUndisturbed(lab, update);
    // The others are those of any build.
    const own =
      /build\/(?:archives|resolve-lock|lock-file|fetch-missing|install-packages|make-layer|publish)|host\/(?:apt|deb-store)/;
    const places = undisturbed.places.filter((place) => own.test(place));
    for (const part of ['archives', 'lock-file', 'fetch-missing', 'install-packages', 'publish']) {
      expect(places.join('\n')).toContain(`build/${part}.js`);
    }
    expect(await brokenPlaces(lab, { ...undisturbed, places }, { from: 'one', command: update, prepare })).toEqual([]);
  });
});
