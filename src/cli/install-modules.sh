#!/bin/sh
# npm ci, and first what npm needs to compile SQLite where no build of it can be fetched.
# Runs before anything of src/cli/setup.ts could: it is compiled with what this installs.
set -eu

prefix=$(node -p 'path.resolve(process.execPath, "../..")')
headers=$prefix/include/node/node.h

missing=
for tool in g++ make python3; do
  command -v "$tool" >/dev/null || missing="$missing $tool"
done
# Node's tarball and NodeSource's package bring their headers; Debian's are a package of their own.
if [ "$prefix" = /usr ] && [ ! -e "$headers" ]; then missing="$missing libnode-dev"; fi

if [ -n "$missing" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "installing$missing: npm compiles SQLite with them"
  apt-get -q update
  # shellcheck disable=SC2086 # a list of words
  DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 install -y --no-install-recommends $missing
  missing=
fi

# Without this npm fetches the headers. -O1 compiles in half the time; what SQLite waits for is the disk.
if [ -e "$headers" ]; then export npm_config_nodedir="$prefix"; fi
export CFLAGS=-O1 CXXFLAGS=-O1 JOBS=max

echo 'npm ci: installs the packages of package-lock.json into node_modules/ (a minute where SQLite is compiled)'
npm ci --no-audit --no-fund && exit

if [ -n "$missing" ]; then
  echo "npm compiles SQLite with$missing, which this machine lacks. Run \"sudo apt-get install$missing\"." >&2
fi
exit 1
