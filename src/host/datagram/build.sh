#!/bin/sh
# The datagram addon, for npm's "install": dist/native/linux-ARCH/datagram.node.
#
#   build.sh [FOLDER]    takes the prebuilt one where it loads, else compiles; without a compiler it says so and exits 0
#   build.sh prebuild    compiles prebuilt/linux-x64 and prebuilt/linux-arm64 for npm pack, with the compilers there are
#
# Prebuild on Debian 12 (glibc 2.36): what is compiled there asks for nothing newer, and loads on Debian 12 and 13 and the
# Raspberry Pi OS made from them. Where it does not load, it is compiled.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)

# Node's tarball and NodeSource bring their headers, Debian has them in libnode-dev, node-gyp keeps those it fetched.
find_headers() {
  prefix=$(node -p 'path.resolve(process.execPath, "../..")')
  version=$(node -p 'process.versions.node')
  for folder in "${npm_config_nodedir:-$prefix}/include/node" "$prefix/include/node" /usr/include/node \
    "${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/node-gyp/$version/include/node"; do
    if [ -e "$folder/node_api.h" ]; then
      echo "$folder"
      return
    fi
  done
  return 1
}

# compile CC FILE: in place only when it is whole; a process that runs keeps the one it has mapped.
compile() {
  mkdir -p "$(dirname "$2")"
  # shellcheck disable=SC2086 # a list of words
  "$1" -std=c11 -O2 -Wall -Wextra ${DATAGRAM_CFLAGS:-} -fPIC -shared -fvisibility=hidden -pthread \
    -I"$headers" -o "$2.$$" "$here"/*.c && mv "$2.$$" "$2" && return
  rm -f "$2.$$"
  return 1
}

loads() {
  node -e 'require(process.argv[1])' "$1" 2>/dev/null
}

is_newer_than_sources() {
  [ -z "$(find "$here" -name '*.[ch]' -newer "$1")" ]
}

plain() {
  echo "pi-image: no datagram addon ($1): the service uses Node's own sockets, which serve as well with more CPU time"
  exit 0
}

prebuild() {
  headers=$(find_headers) || { echo "pi-image: no headers of Node: apt-get install libnode-dev" >&2; exit 1; }
  made=0
  for pair in x86_64:x64 aarch64:arm64; do
    compiler=${pair%:*}-linux-gnu-gcc
    if [ "$(uname -m)" = "${pair%:*}" ]; then compiler=${CC:-cc}; fi
    file=prebuilt/linux-${pair#*:}/datagram.node
    if ! command -v "$compiler" >/dev/null; then
      echo "pi-image: $file is not made: $compiler is missing (apt-get install gcc-$(echo "${pair%:*}" | tr _ -)-linux-gnu)" >&2
      continue
    fi
    compile "$compiler" "$root/$file"
    echo "$file"
    made=$((made + 1))
  done
  [ "$made" -gt 0 ]
}

if [ "${1:-}" = prebuild ]; then
  prebuild
  exit
fi

target=$(node -p '`${process.platform}-${process.arch}`')
file=${1:-$root/dist/native}/$target/datagram.node
prebuilt=$root/prebuilt/$target/datagram.node
case $target in linux-*) ;; *) plain "it is for Linux" ;; esac

if [ -z "${DATAGRAM_CFLAGS:-}" ] && [ -e "$prebuilt" ] && is_newer_than_sources "$prebuilt" && loads "$prebuilt"; then
  mkdir -p "$(dirname "$file")"
  cp "$prebuilt" "$file.$$" && mv "$file.$$" "$file"
  echo "pi-image: datagram addon taken from prebuilt/$target"
  exit
fi
command -v "${CC:-cc}" >/dev/null || plain "no C compiler: apt-get install gcc"
headers=$(find_headers) || plain "no headers of Node: apt-get install libnode-dev"
compile "${CC:-cc}" "$file" || plain "it does not compile here"
echo "pi-image: datagram addon compiled for $target"
