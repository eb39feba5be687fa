/** Folders of images and overlays, as people keep them: what is read, what hides what, and what is refused. */
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { describe, expect, onTestFinished, test } from 'vitest';

import {
  listImageSpecs,
  readBoardTemplates,
  readCluster,
  readImageSpec,
  readNodesFile,
  readOverlays,
} from '../../src/host/config-files.ts';

/** A folder with these files; a text that starts with `->` is a link, a path that ends in `/` a folder. */
async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'pi-image-config-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);
    await mkdir(name.endsWith('/') ? file : path.dirname(file), { recursive: true });
    if (text.startsWith('->')) await symlink(text.slice(2), file);
    else if (!name.endsWith('/')) await writeFile(file, text);
  }
  return folder;
}

describe('overlays', () => {
  test('are read as they lie there', async () => {
    const folder = await folderWith({
      'overlays/site/overlay.yaml': 'summary: ours\nfiles:\n  etc/motd: { mode: "0600" }\n',
      'overlays/site/files/etc/motd.hbs': '{{node.name}}\n',
      'overlays/site/files/usr/local/bin/go': '#!/bin/sh\n',
      'overlays/site/files/etc/localtime': '->/usr/share/zoneinfo/Europe/Berlin',
      'overlays/README.md': 'not an overlay',
      'overlays/.git/config': 'not an overlay',
    });
    await chmod(path.join(folder, 'overlays/site/files/usr/local/bin/go'), 0o755);

    const overlays = await readOverlays([folder]);

    expect([...overlays.keys()]).toEqual(['site']);
    expect(overlays.get('site')?.files).toEqual([
      { kind: 'link', path: 'etc/localtime', target: '/usr/share/zoneinfo/Europe/Berlin' },
      { kind: 'file', path: 'etc/motd', isTemplate: true, isExecutable: false, bytes: Buffer.from('{{node.name}}\n') },
      {
        kind: 'file',
        path: 'usr/local/bin/go',
        isTemplate: false,
        isExecutable: true,
        bytes: Buffer.from('#!/bin/sh\n'),
      },
    ]);
  });

  test('of an earlier folder hide those of a later one', async () => {
    const ours = await folderWith({ 'overlays/base/overlay.yaml': 'summary: ours' });
    const shipped = await folderWith({
      'overlays/base/overlay.yaml': 'summary: shipped',
      'overlays/ssh/overlay.yaml': 'summary: shipped',
    });

    const overlays = await readOverlays([ours, path.join(ours, 'nothing'), shipped]);

    expect([...overlays].map(([name, { spec }]) => `${name}: ${spec.summary}`)).toEqual(['base: ours', 'ssh: shipped']);
  });

  test.each<[string, Record<string, string>, string]>([
    ['no overlay.yaml', { 'files/etc/motd': '' }, 'there is no FOLDER/overlay.yaml'],
    [
      'a space in a path',
      { 'files/etc/my motd': '' },
      'FOLDER/files/etc/my motd: spaces and special characters are not allowed in paths',
    ],
    ['an empty folder', { 'files/etc/': '' }, 'FOLDER/files/etc: an empty folder is not carried to nodes'],
    [
      'a file and a template of one name',
      { 'files/etc/motd': '', 'files/etc/motd.hbs': '' },
      'FOLDER/overlay.yaml:1: files/etc/motd is there twice, with and without .hbs',
    ],
    [
      'an entry without a file',
      { 'overlay.yaml': 'summary: x\nfiles:\n  etc/mtod: { owner: munge }\n', 'files/etc/motd': '' },
      'FOLDER/overlay.yaml:3: files.etc/mtod: there is no such file under files/; did you mean etc/motd?',
    ],
    [
      'a secret that is a file as well',
      { 'overlay.yaml': 'summary: x\nfiles:\n  etc/key: { secret: key }\n', 'files/etc/key': 'k' },
      'FOLDER/overlay.yaml:3: files.etc/key: its content is the secret key, but files/etc/key exists too',
    ],
    [
      'a link with a line break',
      { 'files/etc/x': '->a\nb' },
      'FOLDER/files/etc/x: the target of this link has control characters',
    ],
  ])('%s is refused', async (_name, files, message) => {
    const inOverlay = Object.entries({ 'overlay.yaml': 'summary: x', ...files }).map(([name, text]) => [
      `overlays/bad/${name}`,
      text,
    ]);
    const wanted = Object.fromEntries(inOverlay) as Record<string, string>;
    if (message.startsWith('there is no')) delete wanted['overlays/bad/overlay.yaml'];
    const folder = await folderWith(wanted);

    await expect(readOverlays([folder])).rejects.toThrow(message.replace('FOLDER', `${folder}/overlays/bad`));
  });

  test('an entry that is live has a file', async () => {
    const folder = await folderWith({
      'overlays/a/overlay.yaml': 'summary: x\nfiles:\n  etc/slurm/slurm.conf: { live: true }\n',
    });

    await expect(readOverlays([folder])).rejects.toThrow('there is no such file under files/');
  });

  test('entries for folders, empty ones and those of secrets are fine', async () => {
    const folder = await folderWith({
      'overlays/a/overlay.yaml':
        'summary: x\nfiles:\n  srv/empty: { owner: slurm }\n  etc/a: { mode: "0700" }\n  etc/b: { mode: "0700" }\n  etc/b/key: { secret: key }\n',
      'overlays/a/files/etc/a/x': '',
    });

    expect((await readOverlays([folder])).size).toBe(1);
  });

  test('setuid bits and sockets are refused, both in one error', async () => {
    const folder = await folderWith({ 'overlays/bad/overlay.yaml': 'summary: x', 'overlays/bad/files/su': '' });
    const files = path.join(folder, 'overlays/bad/files');
    await chmod(path.join(files, 'su'), 0o4755);
    const server = createServer().listen(path.join(files, 'socket'));
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once('listening', resolve));

    const error = await readOverlays([folder]).catch((reason: unknown) => String(reason));

    expect(error).toContain(`${files}/socket: only files, folders and links can be in an overlay`);
    expect(error).toContain(`${files}/su: a setuid, setgid or sticky bit is not taken over`);
  });
});

describe('images', () => {
  const yaml = 'base: { apt: { suite: trixie } }\nboards: [pi4]\n';

  test('are found by name; a folder without image.yaml is none', async () => {
    const ours = await folderWith({ 'images/mine/image.yaml': yaml, 'images/notes/text': '' });
    const shipped = await folderWith({ 'images/mine/image.yaml': 'broken', 'images/debian-lite/image.yaml': yaml });

    expect([...(await listImageSpecs([ours, shipped]))]).toEqual([
      ['debian-lite', path.join(shipped, 'images/debian-lite')],
      ['mine', path.join(ours, 'images/mine')],
    ]);
    await expect(readImageSpec([ours, shipped], 'mine')).resolves.toMatchObject({
      dir: path.join(ours, 'images/mine'),
      spec: { boards: ['pi4'] },
    });
  });

  test('that do not exist are answered with those that do', async () => {
    const folder = await folderWith({ 'images/debian-lite/image.yaml': yaml });

    await expect(readImageSpec([folder], 'debian-light')).rejects.toMatchObject({
      message: 'there is no image debian-light; did you mean debian-lite?',
      hint: 'There are: debian-lite.',
    });
    await expect(readImageSpec([`${folder}/x`], 'a')).rejects.toMatchObject({
      hint: `Write ${folder}/x/images/a/image.yaml.`,
    });
  });
});

describe('boot templates', () => {
  test('are taken file by file from the first folder that has them', async () => {
    const ours = await folderWith({ 'boot/pi4/config.txt.hbs': 'ours' });
    const shipped = await folderWith({
      'boot/pi4/config.txt.hbs': 'shipped',
      'boot/pi4/cmdline.txt.hbs': 'shipped',
      'boot/pi5/config.txt.hbs': 'half',
    });

    expect([...(await readBoardTemplates([ours, shipped]))]).toEqual([
      ['pi4', { configTxt: 'ours', cmdlineTxt: 'shipped' }],
    ]);
  });

  test('of other boot loaders come with them, whatever their name', async () => {
    const both = { 'boot/uefi/config.txt.hbs': 'c', 'boot/uefi/cmdline.txt.hbs': 'l' };
    const ours = await folderWith({ 'boot/uefi/autoexec.ipxe.hbs': 'ours', 'boot/uefi/notes.txt': 'no template' });
    const shipped = await folderWith({
      ...both,
      'boot/uefi/autoexec.ipxe.hbs': 'shipped',
      'boot/uefi/pxelinux.cfg.hbs': 'p',
    });

    expect((await readBoardTemplates([ours, shipped])).get('uefi')?.texts).toEqual(
      new Map([
        ['autoexec.ipxe', 'ours'],
        ['pxelinux.cfg', 'p'],
      ]),
    );
  });
});

describe('cluster.yaml and nodes.yaml', () => {
  test('say how to get one when there is none', async () => {
    const folder = await folderWith({});

    await expect(readCluster(`${folder}/cluster.yaml`)).rejects.toMatchObject({
      hint: 'Write one with "pi-image init", or name it with --config FILE.',
    });
    await expect(readNodesFile(`${folder}/nodes.yaml`)).rejects.toMatchObject({
      hint: 'Start from the nodes there are: "pi-image node export > nodes.yaml".',
    });
  });

  test('nodes know their lines', async () => {
    const folder = await folderWith({
      'nodes.yaml':
        '- { name: a, mac: 2c:cf:67:01:02:03, board: pi4, address: 10.0.0.1, role: x }\n# b\n- name: b\n  mac: 2c:cf:67:01:02:04\n  board: pi4\n  address: 10.0.0.2\n  role: x\n',
    });

    const { nodes, place } = await readNodesFile(`${folder}/nodes.yaml`);

    expect(nodes.map((node) => node.name)).toEqual(['a', 'b']);
    expect(place([1, 'mac'])).toMatchObject({ line: 4, key: 'b.mac' });
    expect(place([1, 'serial'])).toMatchObject({ line: 3, key: 'b.serial' });
  });
});
