/** What is the next version of an image called? */

/** `20261121.1`: the UTC day, and a counter. */
const form = /^(\d{8})\.(\d+)$/;

/**
 * A Pi has no battery for its clock, and the newest version is what roles boot: so the day is never one before it.
 * @param taken names that are in use, in any order; those of another form do not count
 */
export function nextVersion(taken: readonly string[], now: Date): string {
  const known = taken.flatMap((version) => {
    const [, day, counter] = form.exec(version) ?? [];
    return day === undefined ? [] : [{ day, counter: Number(counter) }];
  });
  const today = now.toISOString().slice(0, 10).replaceAll('-', '');
  const day = known.reduce((latest, each) => (each.day > latest ? each.day : latest), today);
  const counters = known.filter((each) => each.day === day).map(({ counter }) => counter);
  return `${day}.${Math.max(0, ...counters) + 1}`;
}
