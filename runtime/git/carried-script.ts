// What is done with git in a place elsewhere: a repository is made there of what was brought, and what it is at is packed.

/** Below the top of a repository there: what is brought, and what is fetched. */
export const carriedFolder = ".git/flowc";

/** How the scripts end when there is no git; when what was brought is no repository any more. */
export const exits = { withoutGit: 95, gone: 94 } as const;

/** Nothing of who made it matters: it is taken apart again. */
const nobodys = [
  "GIT_AUTHOR_NAME=flowc GIT_AUTHOR_EMAIL=flowc@localhost",
  "GIT_COMMITTER_NAME=flowc GIT_COMMITTER_EMAIL=flowc@localhost",
].join(" ");

/** Prints where the repository is, as git says it. */
export const unpackScript = `command -v git >/dev/null 2>&1 || { rm -rf .git; exit ${exits.withoutGit}; }
set -e
f=${carriedFolder}
git init -q --template= . 2>/dev/null
git config include.path flowc/config
mkdir -p .git/info && cp $f/exclude .git/info/exclude
[ ! -s $f/shallow ] || cp $f/shallow .git/shallow
if [ -e $f/history ]; then
  git bundle unbundle $f/history >/dev/null
  git update-ref --stdin < $f/history-refs
fi
git bundle unbundle $f/carried >/dev/null
git update-ref --stdin < $f/refs
if [ -n "$2" ]; then git symbolic-ref HEAD "$2"; else git update-ref --no-deref HEAD "$1^"; fi
git read-tree --reset -u "$1"
if [ "$(git rev-parse "$1^{tree}")" != "$(git rev-parse "HEAD^{tree}")" ]; then
  git read-tree HEAD
  git update-index -q --refresh >/dev/null || :
fi
[ -z "$3" ] || git update-ref MERGE_HEAD "$3"
[ ! -s $f/unmerged ] || git update-index --index-info < $f/unmerged
rm -f $f/history $f/carried
pwd -P`;

/**
 * Packs what the branch, the files, and a merge that goes on are at, as one commit that no branch holds. `$1`: where the work
 * has started.
 */
export const packScript = `f=${carriedFolder}; b=$f/back
[ -d $f ] && git rev-parse -q --verify HEAD >/dev/null 2>&1 || exit ${exits.gone}
[ "$(git rev-parse --show-cdup)" = "" ] || exit ${exits.gone}
set -e
rm -rf $b && mkdir $b
git symbolic-ref -q HEAD > $b/head || :
git for-each-ref --format='%(objectname) %(refname)' > $b/refs
[ ! -e $f/moved ] || cp $f/moved $b/moved
git for-each-ref --format='%(refname)' refs/remotes | while read -r ref; do
  case $(git log --walk-reflogs --max-count=1 --format=%gs "$ref") in
    *"by push"*) name=\${ref#refs/remotes/}; echo "push \${name%%/*} - - refs/heads/\${name#*/}" >> $b/moved;;
  esac
done
git ls-files -u > $b/unmerged
export GIT_INDEX_FILE="$PWD/$b/index"
[ ! -e .git/index ] || cp .git/index "$GIT_INDEX_FILE"
git -c advice.addEmbeddedRepo=false add --all -- .
tree=$(git write-tree)
merging=$(git rev-parse -q --verify MERGE_HEAD || :)
git diff-tree -r --raw --no-renames "$1" "$tree" | while read -r old new from to state path; do
  [ "$old $new" = ":160000 160000" ] && [ -e "$path/.git" ] || continue
  [ -n "$(git -C "$path" branch --remotes --contains "$to")" ] || echo "$path" >> $b/unpushed
done
commit=$(${nobodys} git commit-tree "$tree" -p HEAD \${merging:+-p "$merging"} < $b/unmerged)
git update-ref refs/flowc/carried "$commit"
git bundle create -q $b/bundle refs/flowc/carried --not "$1"`;
