// What a container's own shell is told: to run one command and say how it ended, and to end what one has started.

/** One command, as the shell in the container runs it. */
export interface Order {
  /** Before and after the command's output both streams say this word: nothing else of the world knows it. */
  readonly word: string;
  /** All that the command starts carries it; unique within the container. */
  readonly mark: number;
  readonly graceMs: number;
  /** Absolute, inside. */
  readonly cwd: string;
  readonly argv: readonly string[];
  /** All of the command's environment; PATH is among it. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * A limit on file sizes that no file can reach passes from parent to child through `setsid`, `env -i` and `exec`, and
 * everybody can read it in `/proc`. Shells count in 512 bytes; some in 1,024.
 */
const lowestMark = 2 ** 52;

/** How often an end is looked for, in seconds as `sleep` reads them, and in ms. */
const stepSeconds = "0.04";
const stepMs = 40;

/**
 * Only what every POSIX shell has built in, `env`, `sleep` and, where it is there, `setsid`. `flowc_ls` lists in `k` what
 * lives with a mark or in the group `q`; `flowc_end` ends that. `flowc_run` tells of a command on its two streams:
 * WORD s, the output, and then on the first WORD e CODE HOW OOM, on the second WORD e. HOW is `s` when it was a signal: a shell
 * prints a line about that, to where we read it. What could not be started: WORD n WHY.
 */
const functions = `trap : HUP INT QUIT TERM
N='
'
flowc_ls() { k=
for x in /proc/[0-9]*; do
{ read -r l < $x/stat; } 2>/dev/null || continue
set -- \${l##*) }
case $1 in Z|X) continue;; esac
if [ "$3" = "$q" ]; then k="$k \${x#/proc/}"; continue; fi
{ while read -r a b y v z; do if [ "$a$b$y" = Maxfilesize ]; then
case $m1$v in allunlimited) ;; all*|"$m1$m1"|"$m1$m2") k="$k \${x#/proc/}";; esac; break; fi; done < $x/limits; } 2>/dev/null
done; }
flowc_end() { flowc_ls; [ "$k" ] || return 0
kill -TERM $k; kill -CONT $k
while [ "$g" -gt 0 ]; do sleep ${stepSeconds} || { sleep 1; g=$((g-24)); }; g=$((g-1))
flowc_ls; [ "$k" ] || return 0; done
g=250
while [ "$g" -gt 0 ]; do kill -KILL $k; sleep ${stepSeconds} || sleep 1; g=$((g-1))
flowc_ls; [ "$k" ] || return 0; done; return 1; }
flowc_stop() { m1=$1 m2=$2 g=$3 q=$4; flowc_end 2>/dev/null; }
flowc_run() (
trap : HUP INT QUIT TERM
w=$1 m=$2 m1=$3 m2=$4 g=$5 few=$6 d=$7 t=$8 p=$9; shift 9
exec 3>&1 4>&2 2>/dev/null </dev/null
no() { printf '%s e\\n' "$w" >&4; printf '%s n %s\\n' "$w" "$1" >&3; exit 0; }
e=/usr/bin/env; [ -x $e ] || e=/bin/env; [ -x $e ] || no env
cd -- "$d" || no cwd
f=$p
case $p in */*) ;; *)
set -f; IFS=:; no=; f=
for x in $t; do x=\${x:-.}/$p; if [ -f "$x" ]; then if [ -x "$x" ]; then f=$x; break; fi; no=1; fi; done
unset IFS; set +f
if [ -z "$f" ]; then if [ "$no" ]; then no EACCES; else no ENOENT; fi; fi;;
esac
[ -e "$f" ] || no ENOENT
if [ -d "$f" ] || ! [ -x "$f" ]; then no EACCES; fi
s=; if command -v setsid >/dev/null; then s=setsid; fi
{ trap : HUP INT QUIT TERM
exec 2>&1
$s sh -c 'ulimit -S -f "$1"; echo $$; printf "%s s\\n" "$0" >&4; printf "%s s %s\\n" "$0" "$$" >&3; shift; exec "$@" >&3 2>&4 3>&- 4>&-' "$w" "$m" $e -i "$@"
echo "$?"; } | {
c=; h=-; read -r q; while read -r l; do [ "$c" ] && h=s; c=$l; done
[ "$c" ] || { c=137; h=s; }
[ "$s" ] || q=
case $c in 126|127) IFS= read -r l < "$f"; case $l in '#!'*)
l=\${l#??}; l=\${l#"\${l%%[! ]*}"}; l=\${l%% *}; [ -x "$l" ] || no interpreter;; esac;; esac
o=-; if [ "$c" = 137 ]; then for x in /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control; do
if [ -r $x ]; then while read -r a b; do [ "$a" = oom_kill ] && o=$b; done < $x; fi; done; fi
n=; for x in /sys/fs/cgroup/pids.current /sys/fs/cgroup/pids/pids.current; do [ -r $x ] && read -r n < $x; done
if [ "$few" = 0 ] || [ -z "$n" ] || [ "$n" -gt "$few" ]; then flowc_end; fi
printf '%s e\\n' "$w" >&4; printf '%s e %s %s %s\\n' "$w" "$c" "$h" "$o" >&3
}
)
`;

/** What the shell is told first; when it reads it, it tells whether it can be given commands, and as whom it runs. */
export function greeting(word: string): string {
  return `${functions}while read -r a b c; do case $a in Uid:) u=$b;; Gid:) i=$b;; esac; done < /proc/self/status
if command -v setsid >/dev/null; then s=1; else s=0; fi
printf '%s e\\n' ${word} >&2; printf '%s h %s %s %s\\n' ${word} "$s" "$u" "$i"
`;
}

/** A line for the shell that stays: processes of the container are its init, itself, and two copies that run this. */
export function orderLine(order: Order): string {
  return `flowc_run ${orderWords(order, 4).map(quoted).join(" ")}\n`;
}

/** The same as a command of its own. */
export function orderArgv(order: Order): readonly string[] {
  return ["sh", "-c", `${functions}flowc_run "$@"`, "sh", ...orderWords(order, 0)];
}

/** Ends what a command has started: TERM, a grace period, KILL. `group`: of the command. */
export function stopArgv(mark: number, graceMs: number, group: number): readonly string[] {
  return ["sh", "-c", `${functions}flowc_stop "$@"`, "sh", ...markWords(mark), steps(graceMs), String(group)];
}

/** The same for what any command has started. */
export function stopAllArgv(graceMs: number): readonly string[] {
  return ["sh", "-c", `${functions}flowc_stop "$@"`, "sh", "all", "all", steps(graceMs), "none"];
}

function orderWords({ word, mark, graceMs, cwd, argv, env }: Order, few: number): readonly string[] {
  const [program = "", ...rest] = argv;
  // `env` takes a word with `=` for a variable, and one that begins with `-` for an option.
  const plain = !program.includes("=") && !program.startsWith("-");
  const command = plain ? argv : ["sh", "-c", 'exec "$0" "$@"', program, ...rest];
  const path = env["PATH"] ?? "";
  const variables = Object.entries(env).map(([name, text]) => `${name}=${text}`);
  const marks = [String(lowestMark + mark), ...markWords(mark)];
  return [word, ...marks, steps(graceMs), String(few), cwd, path, program, ...variables, ...command];
}

/** In bytes, as `/proc` shows it. */
function markWords(mark: number): readonly string[] {
  const blocks = BigInt(lowestMark + mark);
  return [String(blocks * 512n), String(blocks * 1024n)];
}

function steps(ms: number): string {
  return String(Math.ceil(ms / stepMs));
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
