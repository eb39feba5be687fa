/** Strings that were checked once, at the door, and are compared with === everywhere after. */

declare const brand: unique symbol;

export type Branded<Name extends string> = string & { readonly [brand]: Name };

/** As JSON has it: what was parsed once is a text again. */
export type Unbranded<T> =
  T extends Branded<string>
    ? string
    : T extends readonly (infer Item)[]
      ? readonly Unbranded<Item>[]
      : T extends object
        ? { readonly [Key in keyof T]: Unbranded<T[Key]> }
        : T;
