/** Strings that were checked once, at the door, and are compared with === everywhere after. */

declare const brand: unique symbol;

export type Branded<Name extends string> = string & { readonly [brand]: Name };
