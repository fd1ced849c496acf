// What a sandbox's bash is told: to run one command and tell of it, to go on telling, and to end what a command has started.

/** One command, as the sandbox runs it. */
export interface Order {
  /** A folder of its own in the sandbox: output is kept there until the command has ended and all of it is here. */
  readonly folder: string;
  /** Made before it starts. */
  readonly folders: readonly string[];
  /** Removed before it starts: what earlier attempts left. */
  readonly stale: readonly string[];
  /** All that the command starts carries it; unique within the sandbox. */
  readonly mark: number;
  readonly graceMs: number;
  /** It tells that it lives at least so often. */
  readonly beatMs: number;
  /** Absolute, inside. */
  readonly cwd: string;
  readonly argv: readonly string[];
  /** Beside what the sandbox has itself. */
  readonly env: Readonly<Record<string, string>>;
}

/** How far the two outputs have been read, in bytes. */
export interface Offsets {
  readonly out: number;
  readonly err: number;
}

/**
 * A limit on file sizes that no file can reach passes from parent to child through `setsid`, `env -i` and `exec`, and
 * everybody can read it in `/proc`. bash counts in 1,024 bytes.
 */
const lowestMark = 2 ** 52;

/** So much of a command's output comes with what is told of it; what is more is fetched from its file. */
export const inlineBytesMax = 512 * 1024;
const pieceBytesMax = 64 * 1024;
/** So much that is plain text is told as it is: bash can do that alone, and each program that it starts takes its time. */
const plainBytesMax = 4096;

/**
 * `flowc_ls` lists in `k` what lives with the mark `m` or in the group `q`; `flowc_end` ends that: TERM, so
 * many ms of grace, KILL; it looks less and less often, as a hundred of them may share a processor.
 * `flowc_tell` tells what is new: `:o` and `:r` are pieces of the two outputs, `:p` and `:q` are too, as plain
 * text, `:g` their sizes. `flowc_follow` does so until the command has ended: `:e` CODE HOW WHY, then their
 * sizes. WHY: `memory` when something was ended for want of it meanwhile, `disk` when that is full, `-`. HOW is
 * `s` when it was a signal: bash prints a line about that, to where we read it. Its file is as long from the
 * beginning: a full disk still has room for it. What could not be started: `:n` WHY. A beat: `:t`.
 */
const functions = `trap : HUP INT QUIT TERM
exec 2>/dev/null </dev/null
flowc_ls() { k=
set -- /proc/[0-9]*
[ $# -le 40 ] || set -- $(cd /proc && { grep -l "^Max file size *$m " [0-9]*/limits; grep -lE "^[0-9]+ .*[)] . [0-9]+ $q " [0-9]*/stat; } | sort -u)
for x; do
x=/proc/\${x#/proc/} x=\${x%/limits} x=\${x%/stat}
{ read -r l < $x/stat; } || continue
set -- \${l##*) }
case $1 in Z|X) continue;; esac
if [ "$3" = "$q" ]; then k="$k \${x#/proc/}"; continue; fi
while read -r a b y v z; do if [ "$a$b$y" = Maxfilesize ]; then
[ "$v" = "$m" ] && k="$k \${x#/proc/}"; break; fi; done < $x/limits
done; }
flowc_nap() { [ "$w" -le "$g" ] || w=$g
printf -v y 0.%03d "$w"; sleep "$y"; g=$((g-w)) w=$((w*2)); [ "$w" -le 320 ] || w=320; }
flowc_end() { flowc_ls; [ "$k" ] || return 0
kill -TERM $k; kill -CONT $k; w=20
while [ "$g" -gt 0 ]; do flowc_nap; flowc_ls; [ "$k" ] || return 0; done
g=10000 w=20
while [ "$g" -gt 0 ]; do kill -KILL $k; flowc_nap; flowc_ls; [ "$k" ] || return 0; done; return 1; }
flowc_piece() { printf ':%s ' "$1"
if [ "$3$ended" = 0y ]; then base64 -w0 < "$2"; elif [ "$3" = 0 ]; then head -c "$4" "$2" | base64 -w0; else tail -c "+$(($3+1))" "$2" | head -c "$(($4-$3))" | base64 -w0; fi
echo; b=$((b-$4+$3)); }
flowc_plain() { local LC_ALL=C IFS= z=$'*[!\\n\\t -~]*'
x=; [ -s "$1" ] || return 0
[ "$2" = 0 ] || return 1
read -r -d '' -n ${plainBytesMax} x < "$1" && return 1
[[ $x != $z ]]; }
flowc_say() { [ "$2" ] || return; set -- "$1" "\${2//\\\\/\\\\\\\\}"; printf ':%s %s\\n' "$1" "\${2//$'\\n'/\\\\n}"; }
flowc_tell() { n=$o e=$r
if [ -z "$1" ] && [ "$d/told" -nt "$d/out" ] && [ "$d/told" -nt "$d/err" ]; then return 1; fi
: > "$d/told"
if flowc_plain "$d/out" "$o"; then y=$x
if flowc_plain "$d/err" "$r"; then o=\${#y} r=\${#x}; flowc_say p "$y"; flowc_say q "$x"; [ "$y$x" ]; return; fi; fi
[ -s "$d/out" ] && n=$(stat -c %s "$d/out"); [ -s "$d/err" ] && e=$(stat -c %s "$d/err")
[ "$n" = "$o" ] && [ "$e" = "$r" ] && return 1
if [ $((n-o)) -le ${pieceBytesMax} ] && [ $((e-r)) -le ${pieceBytesMax} ] && [ "$b" -gt 0 ]; then
[ "$n" -gt "$o" ] && flowc_piece o "$d/out" "$o" "$n"
[ "$e" -gt "$r" ] && flowc_piece r "$d/err" "$r" "$e"
else echo ":g $n $e"; fi
o=$n r=$e; return 0; }
flowc_room() { printf '%65536s' > "$d/told" && : > "$d/told"; }
flowc_over() { read -r l < "$d/end" && [ "\${l:0:1}" != . ]; }
flowc_starved() { u=0; mapfile -t k < /proc/vmstat; for x in "\${k[@]}"; do case $x in oom_kill\\ *) u=\${x#* }; break;; esac; done; }
flowc_follow() { b=${inlineBytesMax} p=100 z=$SECONDS ended= j=
while ! flowc_over; do
printf -v y %d.%03d "$((p/1000))" "$((p%1000))"
if read -r -t "$y" -u 7 l; then l=$j$l j=; case $l in s*) echo ":$l";; x) break;; esac
else x=$? j=$j$l; [ "$x" -gt 128 ] || flowc_over || { echo :n died; exit; }; fi
if flowc_tell; then p=200; else p=$((p*2)); [ "$p" -le 2000 ] || p=2000; fi
if [ $((SECONDS-z)) -ge "$beat" ]; then echo :t; z=$SECONDS; fi
done
ended=y; flowc_tell all; flowc_over; echo ":e $l $o $r"; }
flowc_work() { shopt -s lastpipe; trap : HUP INT QUIT TERM PIPE
{ exec 2>&1
( trap - HUP INT QUIT TERM PIPE; ulimit -S -f "$mark"; echo $BASHPID; exec setsid env -u SHLVL -u PWD -u OLDPWD -u _ -- "$@" >>"$d/out" 2>>"$d/err" )
echo "$?"; } | { c= h=-; read -r q; echo "s $q"
while read -r l; do [ "$c" ] && h=s; c=$l; done
[ "$c" ] || { c=137 h=s; }
flowc_end; y=-
if [ "$c" = 137 ]; then i=$u; flowc_starved; [ "$u" = "$i" ] || y=memory; elif [ "$c" != 0 ]; then flowc_room || y=disk; fi
printf '%-29s\\n' "$c $h $y" 1<> "$d/end"; echo x; }; }
flowc_run() { no() { echo ":n $1"; exit; }
for x in base64 env head mkdir rm setsid sleep stat tail; do type -P $x >/dev/null || no "without $x"; done
d=$1 mark=$2 m=$3 g=$4 beat=$5 w=$6 t=\${7:-$PATH} f=$8; o=0 r=0; shift 8
[ "\${#stale[@]}" = 0 ] || rm -rf -- "\${stale[@]}"
mkdir -p -- "$d" "\${folders[@]}" || no disk
cd -- "$w" || no cwd
case $f in */*) ;; *) x=$f f= n=; set -f; IFS=:; for y in $t; do y=\${y:-.}/$x; [ -f "$y" ] || continue
[ -x "$y" ] && { f=$y; break; }; n=1; done; unset IFS; set +f
[ "$f" ] || { [ "$n" ] && no EACCES; no ENOENT; };; esac
[ -e "$f" ] || no ENOENT
if [ -d "$f" ] || ! [ -x "$f" ]; then no EACCES; fi
IFS= LC_ALL=C read -r -n 2 l < "$f"; if [ "$l" = '#!' ]; then
IFS= read -r -n 256 l < "$f"; l=\${l#??}; l=\${l#"\${l%%[! ]*}"}; l=\${l%% *}; [ -x "$l" ] || no interpreter; fi
flowc_room || no disk
printf '%-29s\\n' . > "$d/end"
: > "$d/out" || no disk
: > "$d/err"
flowc_starved; exec 7< <(flowc_work "$@"); flowc_follow; }
`;

/** The command that runs an order and tells of it. */
export function orderScript(order: Order): string {
  const { folder, mark, graceMs, beatMs, cwd, argv, env } = order;
  const [program = ""] = argv;
  const variables = Object.entries(env).map(([name, text]) => `${name}=${text}`);
  const words = [
    folder,
    String(lowestMark + mark),
    bytesOf(mark),
    String(Math.ceil(graceMs)),
    seconds(beatMs),
    cwd,
    env["PATH"] ?? "",
    program,
    ...variables,
    ...argv,
  ];
  return `${functions}stale=(${quotedAll(order.stale)})
folders=(${quotedAll(order.folders)})
flowc_run ${quotedAll(words)}
`;
}

/** Tells of a command that runs or has ended, from where the reader was. `:n gone`: it was never started. */
export function followScript({ folder, beatMs }: Order, { out, err }: Offsets): string {
  return `${functions}d=${quoted(folder)} o=${out} r=${err} beat=${seconds(beatMs)}
[ -e "$d/err" ] || { echo :n gone; exit; }
exec 7<> <(:)
flowc_follow
`;
}

/** Ends what a command has started. `group`: of the command. */
export function stopScript({ mark, graceMs }: Order, group: number): string {
  return `${functions}m=${bytesOf(mark)} g=${Math.ceil(graceMs)} q=${group}\nflowc_end\n`;
}

export const noRoom = "no-room";

/** Says `noRoom` where that is why something could not be written: programs say that in many ways, or not at all. */
export const roomCheck = `{ printf '%65536s' > /tmp/flowc/room || echo ${noRoom}; : > /tmp/flowc/room; }`;

/** In bytes, as `/proc` shows it. */
function bytesOf(mark: number): string {
  return String(BigInt(lowestMark + mark) * 1024n);
}

function seconds(ms: number): string {
  return String(Math.max(1, Math.round(ms / 1000)));
}

export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

export function quotedAll(texts: readonly string[]): string {
  return texts.map(quoted).join(" ");
}
