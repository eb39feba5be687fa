/** `users:` and `groups:` of a layer: accounts of an image. Numbers are kept per image family, so they need not be given. */
import { z } from 'zod';

/** useradd(8) of Debian, without the capitals that it warns of. */
const AccountName = z
  .string()
  .regex(/^[a-z_][a-z0-9_-]{0,31}$/, 'an account name of lower-case letters, digits, "-" and "_", at most 32');

/** 65534 is nobody, 65535 is -1 to old programs. */
const AccountNumber = z.int().min(1).max(65_533);

/** What can stand between two colons of /etc/passwd. */
const Field = z.string().regex(/^[^:\p{Cc}]*$/u, 'text without ":" and control characters');

const AbsolutePath = z.string().regex(/^\/[^:\p{Cc}]*$/u, 'a path that begins with "/"');

export const LayerGroup = z.strictObject({ name: AccountName, gid: AccountNumber.optional() });
export type LayerGroup = Readonly<z.infer<typeof LayerGroup>>;

export const LayerUser = z.strictObject({
  name: AccountName,
  uid: AccountNumber.optional(),
  /** Its own group, made when it is not there. */
  group: AccountName.optional(),
  /** Further groups; they must be there. */
  groups: z.array(AccountName).default([]),
  home: AbsolutePath.optional(),
  shell: AbsolutePath.optional(),
  comment: Field.default(''),
  /** A daemon's: a number below 1000, no home, no shell. */
  system: z.boolean().default(false),
  /** crypt(5). Everyone on the boot network can read it. */
  passwordHash: z
    .string()
    .regex(/^\$[a-z0-9]+\$[A-Za-z0-9./$=,]+$/, 'a hash as "mkpasswd" prints it')
    .optional(),
});
export type LayerUser = Readonly<z.infer<typeof LayerUser>>;
