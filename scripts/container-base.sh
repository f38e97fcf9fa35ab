#!/usr/bin/env bash
# The start script of a worker container: one task, from a clone to work that is handed in.
#
#   TASK_ID          the task's id in the plan
#   REPOSITORY_URL   the repository that all workers share; a GitHub URL without a login uses GH_TOKEN or
#                    GITHUB_TOKEN, or on another host (GH_HOST, GITHUB_SERVER_URL) first GH_ENTERPRISE_TOKEN or
#                    GITHUB_ENTERPRISE_TOKEN; before all of these the GitHub App of GITCOORD_APP_ID, where it is set
#                    (with GITCOORD_APP_PRIVATE_KEY or _FILE)
#   AGENT_COMMAND    what does the work: run by `bash -c` in the working copy, with TASK_ID, TASK_BRANCH,
#                    EXECUTION_LEVEL in its environment, and without all these tokens and keys; exit code 0
#                    means that the work is complete
# and optionally
#   EXECUTION_LEVEL  level-0 or 0: the level that the task has to be in
#   WORKDIR          where the clone is made, or lies already (default: ./work)
#   GITCOORD_WORKER  the worker's name in the record (default: TASK_ID@hostname)
#   PASS_ENVIRONMENT the names of tokens above that the agent gets to see all the same: "GH_TOKEN"
#   MERGE            0: never land anything here (default: the last worker of a wave lands it)
#   MERGE_OPTIONS    options for `gitcoord merge-level`, such as `--method squash --wait 30m`
#
# Exit codes: 0 submitted (and the wave landed, if this was its last worker) · 1 the answer is no: not ready
# yet (an earlier wave or level has to land first), the agent failed, a conflict, a wave that did not land whole ·
# 2 wrong environment · 3 git or the forge refused. May be killed at any moment and started again, in the same
# WORKDIR or in an empty one: let the orchestrator retry on exit code 1.
set -euo pipefail

say() { printf 'worker: %s\n' "$*" >&2; }

fail() {
  local code=$1
  shift
  say "$@"
  exit "$code"
}

# Git repeats URLs in its messages, and a URL may hold a token.
redacted() { sed -E 's#://[^/[:space:]]*@#://***@#g' >&2; }

check_environment() {
  local name
  for name in TASK_ID REPOSITORY_URL AGENT_COMMAND; do
    [ -n "${!name:-}" ] || fail 2 "$name is not set. The container needs TASK_ID, REPOSITORY_URL, AGENT_COMMAND."
  done
  for name in git gitcoord python3; do
    command -v "$name" >/dev/null || fail 2 "There is no $name on PATH in this container."
  done
  case ${MERGE:-1} in 0 | 1) ;; *) fail 2 "MERGE is 0 or 1, not '$MERGE'." ;; esac
}

# --- The clone -------------------------------------------------------------------------------------------
# Two files in its git directory make a start after a crash safe: `gitcoord-cloned` says that this script made
# the clone, and `gitcoord-task` holds "working" or "worked", task and branch while there may be work that is
# nowhere else.

with_login() {
  local login=() token=${GH_TOKEN:-${GITHUB_TOKEN:-}} server=${GITHUB_SERVER_URL:-https://github.com}
  local app=${GITCOORD_APP_ID:-}
  case $REPOSITORY_URL in
    "https://github.com/"*) ;;
    "https://${GH_HOST:-github.com}/"* | "${server%/}/"*)
      token=${GH_ENTERPRISE_TOKEN:-${GITHUB_ENTERPRISE_TOKEN:-$token}}
      ;;
    *) token= app= ;;
  esac
  if [ -n "$app" ]; then
    token=
    login=(-c credential.helper= -c credential.useHttpPath=true -c 'credential.helper=!gitcoord git-credential')
  fi
  # shellcheck disable=SC2016  # expanded by git's helper, so that the token is on no command line
  [ -z "$token" ] || login=(-c credential.helper= -c
    'credential.helper=!f() { printf "username=x-access-token\npassword=%s\n" "$WORKER_TOKEN"; }; f')
  WORKER_TOKEN=$token GIT_TERMINAL_PROMPT=0 git ${login[@]+"${login[@]}"} "$@" 2>&1 | redacted
}

# Brings in the branches; the default branch's files are there for the settings that gitcoord reads.
fetch() {
  git remote add -- origin "$REPOSITORY_URL" 2>/dev/null || git remote set-url -- origin "$REPOSITORY_URL"
  with_login fetch --quiet origin ||
    fail 3 "The repository cannot be fetched. Check REPOSITORY_URL, the network and the token."
  if ! git rev-parse --quiet --verify HEAD >/dev/null; then
    with_login remote set-head origin --auto 2>/dev/null || true
    git checkout --quiet --detach refs/remotes/origin/HEAD 2>/dev/null || true
  fi
}

prepare_clone() {
  mkdir -p "$WORKDIR"
  if [ -f "$WORKDIR/.git/gitcoord-cloned" ]; then
    if [ -f "$WORKDIR/.git/gitcoord-task" ]; then
      # Whoever held these locks died with the container.
      find "$WORKDIR/.git" -name '*.lock' -not -path '*/objects/*' -delete
    else
      say "Making the clone in $WORKDIR anew: no work was left in it."
      find "$WORKDIR" -mindepth 1 -delete
    fi
  elif [ ! -e "$WORKDIR/.git" ] && [ -n "$(ls -A "$WORKDIR")" ]; then
    fail 2 "$WORKDIR holds something that is no clone. Empty it, or set WORKDIR to another directory."
  fi
  if [ ! -e "$WORKDIR/.git" ]; then
    mkdir "$WORKDIR/.git"
    : >"$WORKDIR/.git/gitcoord-cloned"
    git init --quiet "$WORKDIR"
  fi
  cd "$WORKDIR"
  if [ -f .git/gitcoord-cloned ]; then fetch; fi
  note=$(git rev-parse --absolute-git-dir)/gitcoord-task
}

under_way() { printf '%s %s %s\n' "$1" "$TASK_ID" "$branch" >"$note.new" && mv "$note.new" "$note"; }

# --- What gitcoord knows ---------------------------------------------------------------------------------

# Sets level, state (of the task) and level_state: of the first wave that has not landed, complete (everything
# is handed in), deferred (some of it waits for its worker) or open; landed when there is none.
look() {
  local document code=0
  document=$(gitcoord status --json) || code=$?
  [ "$code" = 0 ] || exit "$code"
  read -r level state level_state < <(printf '%s' "$document" | python3 -c '
import json, sys
status, task = json.load(sys.stdin), sys.argv[1]
for level in status["levels"]:
    if task in level["tasks"]:
        waves = [{status["tasks"][one]["state"] for one in wave} for wave in level["waves"]]
        states = next((wave for wave in waves if wave - {"landed"}), None)
        handed_in = states is not None and states <= {"submitted", "open-pull", "landed"}
        whole = "landed" if states is None else "complete" if handed_in else "open"
        whole = "deferred" if whole == "open" and "deferred" in states else whole
        print(level["name"], status["tasks"][task]["state"], whole)
        break
else:
    print("- - -")
' "$TASK_ID")
}

check_level() {
  local asked=${EXECUTION_LEVEL:-}
  # A task that is not planned is left to `gitcoord checkout`, which says what there is.
  [ -n "$asked" ] && [ "$level" != - ] || return 0
  [ "level-${asked#level-}" = "$level" ] ||
    fail 2 "EXECUTION_LEVEL is $asked, but the plan has task $TASK_ID in $level." \
      "Plan again, or start the container with EXECUTION_LEVEL=$level."
}

# --- The work --------------------------------------------------------------------------------------------

run_agent() {
  local code=0 name withheld=()
  if [ "$state" != deferred ] && [ "$(cat "$note" 2>/dev/null)" = "worked $TASK_ID $branch" ]; then
    say "The agent had completed the work before; handing it in."
    return
  fi
  under_way working
  say "Running the agent on $branch."
  for name in GITHUB_TOKEN GH_TOKEN GH_ENTERPRISE_TOKEN GITHUB_ENTERPRISE_TOKEN \
    GITCOORD_APP_ID GITCOORD_APP_PRIVATE_KEY GITCOORD_APP_PRIVATE_KEY_FILE; do
    case " ${PASS_ENVIRONMENT:-} " in *" $name "*) ;; *) withheld+=(-u "$name") ;; esac
  done
  env ${withheld[@]+"${withheld[@]}"} TASK_BRANCH="$branch" EXECUTION_LEVEL="$level" \
    bash -c "$AGENT_COMMAND" </dev/null || code=$?
  [ "$code" = 0 ] || fail 1 "The agent ended with exit code $code. What it left is in $WORKDIR, not submitted."
  [ "$(git symbolic-ref --quiet HEAD)" = "refs/heads/$branch" ] ||
    fail 1 "The agent left $WORKDIR on another branch than $branch. Its work is there, not submitted."
  under_way worked
}

commit_rest() {
  if git rev-parse --quiet --verify MERGE_HEAD >/dev/null; then
    # Everything but the paths in conflict; those are for the agent, and `gitcoord submit` looks at them.
    { git ls-files -z --others --exclude-standard && git diff --name-only -z --diff-filter=u; } >"$note.paths"
    [ ! -s "$note.paths" ] ||
      git --literal-pathspecs add --all --pathspec-from-file="$note.paths" --pathspec-file-nul
  else
    git add --all
    git diff --cached --quiet || git commit --quiet -m "Work on task $TASK_ID"
  fi
}

hand_in() {
  local code=0
  gitcoord submit -- "$TASK_ID" || code=$?
  if [ "$code" != 0 ]; then
    under_way working
    look
    # This task was deferred, and the rest of its wave may have waited for nothing else.
    if [ "$state" = deferred ]; then land_wave || true; fi
    exit "$code"
  fi
  rm -f "$note"
}

do_task() {
  local code=0
  branch=$(gitcoord checkout -- "$TASK_ID") || code=$?
  [ "$code" = 0 ] || exit "$code"
  run_agent
  commit_rest
  hand_in
}

# Lands what has been handed in, when nobody is still at work on the first open wave.
land_wave() {
  local code=0 options=()
  [ "${MERGE:-1}" = 1 ] && [ "$level_state" = complete ] || return 0
  read -r -a options <<<"${MERGE_OPTIONS:-}" || true
  say "Everything that $level waits for is submitted; landing it."
  # Exit code 1 says that the level needs more than one wave, which landing does by itself.
  gitcoord check-conflicts "$level" || code=$?
  [ "$code" -le 1 ] || return "$code"
  code=0
  gitcoord merge-level "$level" ${options[@]+"${options[@]}"} || code=$?
  if [ "$code" = 1 ]; then
    look
    [ "$level_state" != open ] || { say "The later waves of $level have their own workers." && code=0; }
  fi
  return "$code"
}

check_environment
WORKDIR=${WORKDIR:-$PWD/work}
export GITCOORD_WORKER=${GITCOORD_WORKER:-"$TASK_ID@${HOSTNAME:-container}"}
prepare_clone
if ! git var GIT_COMMITTER_IDENT >/dev/null 2>&1 || ! git var GIT_AUTHOR_IDENT >/dev/null 2>&1; then
  export GIT_AUTHOR_NAME=$GITCOORD_WORKER GIT_AUTHOR_EMAIL=gitcoord@localhost
  export GIT_COMMITTER_NAME=$GITCOORD_WORKER GIT_COMMITTER_EMAIL=gitcoord@localhost
fi
look
check_level
case $state in
  submitted | open-pull | landed) say "Task $TASK_ID is $state already." ;;
  *)
    do_task
    look
    ;;
esac
land_wave
