/** What is not there is an answer, and every other failure is a failure: for the end of a promise that looks for something. */

/** Turns "there is no such file" into `otherwise`. */
export function ifMissing<T>(otherwise: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code === 'ENOENT') return otherwise;
    throw error;
  };
}

/** Also where the path leads through a file. */
export function ifNoPlace<T>(otherwise: T): (error: NodeJS.ErrnoException) => T {
  const ifNone = ifMissing(otherwise);
  return (error) => (error.code === 'ENOTDIR' ? otherwise : ifNone(error));
}
