/** This machine's programs in PATH of package scripts, each from the moment when the image has its own. */

/**
 * Stands in for dpkg: what asks whether a program is there gets the answer that it would get without us.
 * @param root of the image, empty inside of it
 */
export function offeringDpkg(root: string): string {
  return `#!/bin/sh
native="${root}/run/native"
while read -r program file; do
  [ ! -e "${root}/$program" ] || [ -e "$native/bin/\${program##*/}" ] || ln -s "$native/offered/$file" "$native/bin/\${program##*/}"
done < "$native/list"
exec dpkg "$@"
`;
}

/** $offers: a folder with this machine's programs, or nothing; $list: their names. */
export const offerPrograms = `
if [ -n "$offers" ]; then
  [ "$(chroot "$root" dpkg --print-architecture)" = arm64 ]
  mkdir "$root/run/native" "$root/run/native/bin" "$root/run/native/offered"
  mount --bind "$offers" "$root/run/native/offered"
  mount -o remount,bind,ro "$root/run/native/offered"
  printf '%s' "$list" > "$root/run/native/list"
  cat > "$root/run/native/dpkg" <<'END'
${offeringDpkg('')}END
  chmod 755 "$root/run/native/dpkg"
fi
`;

/** For apt: where it finds dpkg, and what dpkg and the scripts look for. */
export const offeredDpkg = { dpkg: '/run/native/dpkg', path: '/run/native/bin:/usr/sbin:/usr/bin:/sbin:/bin' } as const;
