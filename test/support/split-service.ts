/** A service that is an ordinary user, and its helper, as their units start them: beside a ServeFixture. */
import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import type { Argv } from '../../src/host/process.ts';
import type { NamespaceProgram } from './namespaces.ts';
import { ordinaryUid } from './ordinary-user.ts';
import type { ServeFixture } from './serve-fixture.ts';
import { withCapabilitiesOf } from './unit-limits.ts';

const unitsDir = path.resolve(import.meta.dirname, '../../boot/systemd');
const activate = path.resolve(import.meta.dirname, 'activate-unix.pl');
const unitText = (name: string) => readFile(path.join(unitsDir, name), 'utf8');

export class SplitService {
  readonly ids = { uid: ordinaryUid, gid: ordinaryUid };
  readonly #site: ServeFixture;

  constructor(site: ServeFixture) {
    this.#site = site;
  }

  get socket(): string {
    return path.join(this.#site.dir, 'run-root/helper.sock');
  }

  get #user(): string {
    return `${this.ids.uid}:${this.ids.gid}`;
  }

  get #passwd(): string {
    return path.join(this.#site.dir, 'passwd');
  }

  /** As "pi-image init", "setup" and systemd make them. */
  async prepare(): Promise<void> {
    const { dir } = this.#site;
    await chmod(dir, 0o755);
    for (const folder of ['shares', 'state/exports']) await chmod(path.join(dir, folder), 0o755);
    await mkdir(path.join(dir, 'run'), { recursive: true });
    await chown(path.join(dir, 'run'), this.ids.uid, this.ids.gid);
    // ssh-keygen works for nobody who has no account.
    const account = `pi-image:x:${this.#user}::/nonexistent:/usr/sbin/nologin\n`;
    await writeFile(this.#passwd, (await readFile('/etc/passwd', 'utf8')) + account);
  }

  /** Before each start of the service. */
  async giveState(): Promise<void> {
    await this.#site.command('helper', '--prepare', '--user', this.#user);
  }

  async startHelper(): Promise<NamespaceProgram> {
    return this.#startHelper(withCapabilitiesOf(await unitText('pi-image-helper.service'), this.#helperArgv));
  }

  /** Root as root is: systemd does it, where it runs, what the unit leaves out. */
  startWholeHelper(): Promise<NamespaceProgram> {
    return this.#startHelper(this.#helperArgv);
  }

  async startService(...flags: readonly string[]): Promise<NamespaceProgram> {
    const user = { ...this.ids, passwd: this.#passwd };
    const argv = withCapabilitiesOf(await unitText('pi-image.service'), this.#site.argv('serve', ...flags), user);
    return this.#site.net.start('storage', argv);
  }

  get #helperArgv(): Argv {
    return this.#site.argv('helper', '--user', this.#user);
  }

  async #startHelper(argv: Argv): Promise<NamespaceProgram> {
    const handOver = ['perl', activate, this.socket, String(this.ids.gid), 'helper', '--'] as const;
    const helper = this.#site.net.start('storage', [...handOver, ...argv]);
    await helper.line(/helper\.ready/);
    return helper;
  }
}
