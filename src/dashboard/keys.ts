/** Arrow keys in a field of boards: which one is next. */

/** @param columns how many stand in a row @returns undefined for a key that moves nothing */
export function nextIndex(key: string, index: number, count: number, columns: number): number | undefined {
  const target = targetOf(key, index, count, Math.max(1, columns));
  if (target === undefined || count === 0) return undefined;
  return target < 0 || target >= count ? index : target;
}

function targetOf(key: string, index: number, count: number, columns: number): number | undefined {
  switch (key) {
    case 'ArrowRight':
      return index + 1;
    case 'ArrowLeft':
      return index - 1;
    case 'ArrowDown':
      return index + columns;
    case 'ArrowUp':
      return index - columns;
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return undefined;
  }
}
