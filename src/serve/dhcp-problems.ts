/** What DHCP tells its owner as long as it lasts: a pool without addresses, another server. One sentence each. */
import type { Ipv4Address } from '../model/ipv4.ts';

const poolMs = 60_000;
/** Longer than from one look for other servers to the next. */
const serverMs = 600_000;

export class DhcpProblems {
  readonly #problems = new Map<string, { readonly text: string; readonly untilMs: number }>();
  readonly #report: (problems: readonly string[]) => void;
  readonly #nowMs: () => number;
  #told = '';

  constructor(report: (problems: readonly string[]) => void, nowMs: () => number) {
    this.#report = report;
    this.#nowMs = nowMs;
  }

  poolIsFull(pool: string, text: string): void {
    this.#set(`pool ${pool}`, text, poolMs);
  }

  /** @param text which server, and how to get rid of it */
  otherServer(server: Ipv4Address, text: string): void {
    // The first thing that is known of it is as good as the next.
    const known = this.#problems.get(`server ${server}`);
    this.#set(`server ${server}`, known?.text ?? text, serverMs);
  }

  noServer(text: string | undefined): void {
    if (text === undefined) this.#problems.delete('no server');
    else this.#set('no server', text, serverMs);
    this.#tell();
  }

  /** A look for other servers that found only these: those of before are gone. */
  onlyServers(servers: readonly Ipv4Address[]): void {
    for (const key of this.#problems.keys()) {
      if (key.startsWith('server ') && !servers.some((server) => key === `server ${server}`))
        this.#problems.delete(key);
    }
    this.#tell();
  }

  /** What was not seen again is over. */
  tidy(): void {
    const now = this.#nowMs();
    for (const [key, { untilMs }] of this.#problems) if (untilMs <= now) this.#problems.delete(key);
    this.#tell();
  }

  #set(key: string, text: string, ms: number): void {
    this.#problems.set(key, { text, untilMs: this.#nowMs() + ms });
    this.#tell();
  }

  #tell(): void {
    const texts = [...this.#problems.values()].map(({ text }) => text);
    const now = texts.join('\n');
    if (now === this.#told) return;
    this.#told = now;
    this.#report(texts);
  }
}
