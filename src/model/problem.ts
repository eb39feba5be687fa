/** Something wrong in a file that a person wrote, with the place it stands at. */

export interface Problem {
  /** Keys and indexes from the top of the document: ['network', 'pool']. */
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly hint?: string | undefined;
}
