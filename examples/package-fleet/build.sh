#!/bin/sh
# Builds one package for one platform: writes its source, compiles it, links a test with the libraries it needs, runs that.
#
#   sh build.sh NAME VERSION PLATFORM COMPLEXITY SABOTAGED [NEED…] -- [LIBRARY…]
#
# A NEED is `name@version`; each LIBRARY is what this script left for one of them. Uses a C compiler where there is one,
# else Node. Leaves lib/NAME-VERSION-PLATFORM.a (or .js), and says on stdout how it went, as JSON.
set -eu

name=$1 version=$2 platform=$3 complexity=$4 sabotaged=$5
shift 5
needs=
while [ "$1" != -- ]; do
  needs="$needs $1"
  shift
done
shift

case $complexity in
trivial) functions=4 ;;
small) functions=8 ;;
medium) functions=16 ;;
*) functions=32 ;;
esac

if command -v cc >/dev/null && command -v ar >/dev/null; then toolchain=cc
elif command -v node >/dev/null; then toolchain=node
else
  echo "there is neither a C compiler nor Node here: choose an image that has one" >&2
  exit 127
fi

# Every package has a function `at(i, x)`. Number 0 is 2x + 1; the others ask number 0 of a package they need, if any.
# Some of them are not tested, so that there is a coverage to measure.
generate() {
  awk -v name="$name" -v version="$version" -v platform="$platform" -v functions="$functions" \
    -v sabotaged="$sabotaged" -v list="$needs" -v toolchain="$toolchain" '
    function symbol(id) { gsub(/[^A-Za-z0-9]/, "_", id); return "p_" id }
    function tested(i) { return (i + length(name)) % 8 != 7 }
    function wanted(i) { return (i == 0 || count > 0 ? 11 : 5) + i + (sabotaged == "true" && i >= functions - 2) }
    function c(    i, s, n, src, test) {
      s = symbol(id); src = s ".c"; test = "test.c"
      print "static unsigned char hit[" functions "];" > src
      print "const char *" s "_id(void) { return \"" id " " platform "\"; }" > src
      print "int " s "_hit(void) { int i, n = 0; for (i = 0; i < " functions "; i++) n += hit[i]; return n; }" > src
      for (n = 1; n <= count; n++) print "int " symbol(need[n]) "(int i, int x);" > src
      print "int " s "(int i, int x) {\n  switch (i) {" > src
      for (i = 0; i < functions; i++)
        print "  case " i ": hit[" i "] = 1; return " (i == 0 ? "2 * x + 1" : \
          count == 0 ? "x + " i : symbol(need[i % count + 1]) "(0, x) + " i) ";" > src
      print "  }\n  return -1;\n}" > src
      print "#include <stdio.h>\n#include <string.h>" > test
      print "static int tests, failed;" > test
      print "static void same(const char *what, int is, int want) {" > test
      print "  tests++;\n  if (is == want) return;\n  failed++;" > test
      print "  fprintf(stderr, \"%s is %d, should be %d\\n\", what, is, want);\n}" > test
      print "int " s "(int i, int x);\nint " s "_hit(void);" > test
      for (n = 1; n <= count; n++) print "const char *" symbol(need[n]) "_id(void);" > test
      print "int main(void) {" > test
      for (n = 1; n <= count; n++)
        print "  same(\"library of " need[n] "\", strcmp(" symbol(need[n]) "_id(), \"" need[n] " " platform "\"), 0);" > test
      for (i = 0; i < functions; i++)
        if (tested(i)) print "  same(\"" name " at(" i ", 5)\", " s "(" i ", 5), " wanted(i) ");" > test
      print "  printf(\"{ \\\"toolchain\\\": \\\"cc\\\", \\\"tests\\\": %d, \\\"coverage\\\": %.1f }\\n\", tests," > test
      print "         100.0 * " s "_hit() / " functions ");\n  return failed > 0;\n}" > test
    }
    function js(    i, n, src, test) {
      src = "own.js"; test = "test.js"
      printf "define(\"%s %s\", (at, hit) => (i, x) => { hit.add(i); return i === 0 ? 2 * x + 1 : ", id, platform > src
      if (count == 0) printf "x + i" > src
      else {
        printf "at([" > src
        for (n = 1; n <= count; n++) printf "\"%s %s\",", need[n], platform > src
        printf "][i %% %d])(0, x) + i", count > src
      }
      print "; });" > src
      print "let tests = 0, failed = 0;" > test
      print "const same = (what, is, want) => {" > test
      print "  tests++;\n  if (is === want) return;\n  failed++;" > test
      print "  console.error(`${what} is ${is}, should be ${want}`);\n};" > test
      for (n = 1; n <= count; n++)
        print "same(\"library of " need[n] "\", made.has(\"" need[n] " " platform "\"), true);" > test
      for (i = 0; i < functions; i++)
        if (tested(i)) print "same(\"" name " at(" i ", 5)\", at(\"" id " " platform "\")(" i ", 5), " wanted(i) ");" > test
      print "const coverage = Math.round(1000 * hits.get(\"" id " " platform "\").size / " functions ") / 10;" > test
      print "console.log(JSON.stringify({ toolchain: \"node\", tests, coverage }));" > test
      print "process.exitCode = failed > 0 ? 1 : 0;" > test
    }
    BEGIN {
      id = name "@" version; count = split(list, need, " ")
      if (toolchain == "cc") c(); else js()
    }'
}

file=$(printf %s "$name-$version-$platform" | tr / -)
mkdir -p lib work
there=$PWD

# A library holds the packages it needs as well, each once, in an order that is always the same.
case $toolchain in
cc)
  for library; do (cd work && case $library in /*) ar x "$library" ;; *) ar x "$there/$library" ;; esac); done
  cd work
  generate
  for source in p_*.c; do cc -c "$source"; done
  ar rcsD "$there/lib/$file.a" p_*.o
  cc -o test test.c "$there/lib/$file.a"
  ./test
  ;;
node)
  for library; do cat "$library"; done > work/all.js
  cd work
  generate
  cat own.js >> all.js
  LC_ALL=C sort -u all.js > "$there/lib/$file.js"
  {
    echo 'const made = new Map(), hits = new Map();'
    echo 'const define = (id, make) => { hits.set(id, new Set()); made.set(id, make(at, hits.get(id))); };'
    echo 'function at(id) { return made.get(id); }'
    cat "$there/lib/$file.js" test.js
  } > run.js
  node run.js
  ;;
esac
