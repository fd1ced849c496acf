#!/bin/sh
# An agent for the sessions: its prompt says how it is to behave.
prompt=$(cat)
say() { printf '%s\n' "$1"; }
say "{\"type\":\"session\",\"id\":\"$FLOWC_SESSION\"}"
case "$FLOWC_RESUME:$prompt" in
  # Whether a flowc that is killed at once has still heard it depends on the moment.
  :*"behave: kill"*) ;;
  *) say '{"type":"usage","requests":1,"input":100,"output":20,"cost":0.25}' ;;
esac
case "$prompt" in
  *"behave: wrong"* | *"expected true or false"*) say '{"type":"answer","value":{"approved":"maybe","findings":[]}}' ;;
  *"behave: late"*) say '{"type":"answer","value":{"approved":true}}' ;;
  *"missing, expected"*) say '{"type":"answer","value":{"approved":true,"findings":[]}}' ;;
  *"behave: none"* | *"ended without"*) say '{"type":"does","text":"I am done."}' ;;
  *"behave: text"*) say 'All is well: {"approved": true}' ;;
  *"behave: denied"*) say '{"type":"failed","why":"denied","message":"it was not allowed to use `Bash`"}' ;;
  *"behave: key"*) say '{"type":"failed","why":"key","message":"the API does not know the key. Set ANTHROPIC_API_KEY"}' ;;
  *"behave: model"*) say '{"type":"failed","why":"model","message":"there is no model `gpt-9`"}' ;;
  *"behave: schema"*) say '{"type":"failed","why":"schema","message":"the API takes no schema with `oneOf`"}' ;;
  *"behave: long"*) say '{"type":"failed","why":"prompt","message":"the prompt has 212000 tokens, and the model takes 200000"}' ;;
  *"behave: storm"*) say '{"type":"limited","message":"429: too many requests","after":0.01}'; exit 1 ;;
  *"behave: overloaded"*)
    if [ -e .overloaded ]; then say '{"type":"answer","value":{"approved":true,"findings":[]}}'
    else : > .overloaded; say '{"type":"limited","message":"529: overloaded","after":0.1}'; exit 1
    fi ;;
  *"behave: cut"*)
    if [ -e .cut ]; then say '{"type":"answer","value":{"approved":true,"findings":[]}}'
    else : > .cut; say '{"type":"lost","message":"the stream of the answer broke off"}'; exit 1
    fi ;;
  *"behave: silent"*)
    [ -n "$FLOWC_RESUME" ] && say '{"type":"answer","value":{"answer":"in its session"}}' || sleep 30 ;;
  *"behave: hungry"*) say '{"type":"does","text":"loads the model"}'; exec node -e 'const held = Buffer.alloc(3e8, 1); setTimeout(() => held, 3e4)' ;;
  *"behave: crash"*) echo "KeyError: 'approved'" >&2; exit 1 ;;
  *"behave: limited"*)
    if [ -e .limited ]; then say '{"type":"answer","value":{"approved":true,"findings":["at last"]}}'
    else : > .limited; say '{"type":"limited","message":"429: too many requests","after":0.1}'; exit 1
    fi ;;
  *"behave: hang"*) sleep 30 ;;
  *"behave: kill"*)
    if [ -z "$FLOWC_RESUME" ]; then echo "$FLOWC_SESSION" > .session; kill -9 $PPID; sleep 30; fi
    [ "$(cat .session)" = "$FLOWC_SESSION" ] && say '{"type":"answer","value":{"approved":true,"findings":["in its session"]}}' ;;
  *"behave: stray"*) echo x > stray.txt; say '{"type":"answer","value":{"approved":true,"findings":[]}}' ;;
  *) say '{"type":"answer","value":{"approved":true,"findings":["a typo"]}}' ;;
esac
