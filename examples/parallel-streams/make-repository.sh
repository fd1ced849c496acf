#!/bin/sh
# Makes a git repository to try the streams in, and prints where: sh make-repository.sh [FOLDER]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$(mktemp -d "${TMPDIR:-/tmp}/streams-XXXXXX")}
mkdir -p "$folder"
cp -R "$here/streams.flow" "$here/developer.mjs" "$here/parts" "$here/try.mjs" "$folder"
cd "$folder"
git init -q -b main
printf '.flowc/\n' >.gitignore
git config user.name >/dev/null || git config user.name "Streams"
git config user.email >/dev/null || git config user.email "streams@example.com"
git add -A
git commit -qm "An empty library, and who will build it"
echo "$folder"
