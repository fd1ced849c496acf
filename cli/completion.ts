// `flowc completion`: scripts for shells. They ask flowc itself what may come next, so that they never go stale.

import type { RequestOf, Shell } from "./request.ts";
import { exits } from "./stop.ts";
import type { World } from "./world.ts";

export function completion(request: RequestOf<"completion">, world: World): number {
  world.out.write(scripts[request.shell]);
  return exits.well;
}

/** Written for bash 3.2, which macOS has, too. */
const bash = `# Completion of flowc for bash. In ~/.bashrc: eval "$(flowc completion bash)"
_flowc() {
  local line ending current="\${COMP_WORDS[COMP_CWORD]}"
  [ "$current" = "=" ] && current=
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :files*)
        compopt -o filenames 2>/dev/null
        ending="\${line#:files}"
        while IFS= read -r line; do COMPREPLY+=("$line"); done < <(
          compgen -f -X "!*\${ending# }" -- "$current"
          [ -z "$ending" ] || compgen -d -- "$current"
        ) ;;
      :folders)
        compopt -o filenames 2>/dev/null
        while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -d -- "$current") ;;
      *) COMPREPLY+=("\${line%%$'\\t'*}") ;;
    esac
  done < <("\${COMP_WORDS[0]}" __complete bash "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  if [ "\${#COMPREPLY[@]}" -eq 1 ] && [[ \${COMPREPLY[0]} == *= ]]; then compopt -o nospace 2>/dev/null; fi
}
complete -F _flowc flowc
`;

const zsh = `#compdef flowc
# Completion of flowc for zsh. In ~/.zshrc, behind compinit: eval "$(flowc completion zsh)"
_flowc() {
  local line value
  local -a lines whole open
  lines=("\${(@f)$("\${words[1]}" __complete zsh "\${(@)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)}")
  case $lines[1] in
    :files) compset -P '--*='; _files; return ;;
    :files*) compset -P '--*='; _files -g "*\${lines[1]#:files }"; return ;;
    :folders) compset -P '--*='; _files -/; return ;;
  esac
  for line in $lines; do
    value=\${\${line%%$'\\t'*}//:/\\\\:}
    [[ $line == *$'\\t'* ]] && value="$value:\${line#*$'\\t'}"
    if [[ \${line%%$'\\t'*} == *= ]]; then open+=($value); else whole+=($value); fi
  done
  (( $#whole )) && _describe -V flowc whole
  (( $#open )) && _describe -V flowc open -S ''
}
if [ "$funcstack[1]" = "_flowc" ]; then _flowc "$@"; else compdef _flowc flowc; fi
`;

const fish = `# Completion of flowc for fish. In ~/.config/fish/config.fish: flowc completion fish | source
function __flowc_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l lines ($words[1] __complete fish $words[2..-1] "$current" 2>/dev/null)
    switch "$lines[1]"
        case ':files'
            __fish_complete_path "$current"
        case ':files *'
            __fish_complete_suffix "$current" (string replace ':files ' '' -- $lines[1])
        case ':folders'
            __fish_complete_directories "$current"
        case '*'
            test (count $lines) -gt 0; and printf '%s\\n' $lines
    end
end
complete -c flowc -f -a '(__flowc_complete)'
`;

const scripts: Readonly<Record<Shell, string>> = { bash, zsh, fish };
