/** Things that happen later, to the millisecond. No timer: whoever has the clock asks what is due. */
export class DelayLine<T> {
  readonly #slots = new Map<number, T[]>();
  #doneMs = -1;
  #size = 0;

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  add(dueMs: number, value: T): void {
    const slot = Math.max(Math.ceil(dueMs), this.#doneMs + 1);
    const values = this.#slots.get(slot);
    if (values === undefined) this.#slots.set(slot, [value]);
    else values.push(value);
    this.#size += 1;
  }

  /** In the order of their times. What `happen` adds is due with the next call at the earliest. */
  release(nowMs: number, happen: (value: T) => void): void {
    const last = Math.floor(nowMs);
    if (this.#size === 0) {
      this.#doneMs = last;
      return;
    }
    const due = [...this.#slots.keys()].filter((slot) => slot <= last).toSorted((a, b) => a - b);
    this.#doneMs = last;
    for (const slot of due) {
      const values = this.#slots.get(slot) ?? [];
      this.#slots.delete(slot);
      this.#size -= values.length;
      for (const value of values) happen(value);
    }
  }
}
