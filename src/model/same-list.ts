/** Are these the very same things, in the same order? What has not changed is known by identity, without a look into it. */
export function isSameList(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((item, index) => item === other[index]);
}
