/** Node's sockets speak of addresses as text, we as numbers: each of a few hundred clients is translated once. */
import { ipv4FromNumber, ipv4ToNumber, parseIpv4, type Ipv4Address } from '../../model/ipv4.ts';

/** More than a large cluster has; who sends from more addresses than that only costs time. */
const most = 4096;

export class AddressTexts {
  readonly #numbers = new Map<string, number>();
  readonly #texts = new Map<number, Ipv4Address>();

  numberOf(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    const address = parseIpv4(text);
    this.#learn(ipv4ToNumber(address), address);
    return ipv4ToNumber(address);
  }

  textOf(number: number): Ipv4Address {
    const known = this.#texts.get(number);
    if (known !== undefined) return known;
    const address = ipv4FromNumber(number);
    this.#learn(number, address);
    return address;
  }

  #learn(number: number, address: Ipv4Address): void {
    if (this.#texts.size >= most) {
      this.#texts.clear();
      this.#numbers.clear();
    }
    this.#texts.set(number, address);
    this.#numbers.set(address, number);
  }
}
