#!/usr/bin/env bash
# The start script of a worker container: one task, from a clone to work that is handed in, by `gitcoord worker`.
#
#   TASK_ID          the task's id in the plan, or a subtask's: 3.1
#   REPOSITORY_URL   the repository that all workers share; a GitHub URL without a login uses GH_TOKEN or
#                    GITHUB_TOKEN, or on another host (GH_HOST, GITHUB_SERVER_URL) first GH_ENTERPRISE_TOKEN or
#                    GITHUB_ENTERPRISE_TOKEN; before all of these the GitHub App of GITCOORD_APP_ID, where it is set
#                    (with GITCOORD_APP_PRIVATE_KEY or _FILE)
#   AGENT_COMMAND    what does the work: run by `bash -c` in a checkout of the task's branch, with the prompt on its
#                    standard input, with what `gitcoord worker --help` names and TASK_ID, TASK_BRANCH,
#                    EXECUTION_LEVEL in its environment, and without all these tokens and keys; exit code 0 means
#                    that the work is complete. claude, codex, gemini, aider, opencode alone are that agent
# and optionally
#   STEP             work (the default): do the task. land: land what is submitted of EXECUTION_LEVEL, or of TASK_ID's
#                    level until that task has landed; a task that was deferred goes back to AGENT_COMMAND first.
#                    report: print where every task stands, and what working side by side brought
#   REWORKS          how often STEP=land gives deferred tasks back to the agent (default: 2)
#   EXECUTION_LEVEL  level-0 or 0: the level that the task has to be in
#   WORKDIR          where clone and checkout are made, or a clone lies already (default: ./work)
#   GITCOORD_WORKER  the worker's name in the record (default: TASK_ID@hostname)
#   TOKEN_FROM       the variable that has the token for REPOSITORY_URL, instead of GH_TOKEN and the others
#   GITCOORD_REPOSITORIES  the other repositories of a plan over several, where REPOSITORY_URL is the home repository:
#                    "api=URL web=URL", instead of the places that the settings give
#   GITCOORD_ALONE   1: REPOSITORY_URL is one of several repositories; do only its part of the task
#   PASS_ENVIRONMENT the names of tokens above that the agent gets to see all the same: "GH_TOKEN"
#   WAIT             how long to wait while another worker holds the task: 15m, none for as long as it takes (the
#                    default), 0s. A task whose worker is silent is taken over after its lease (`lease`, 5 minutes)
#   WORKER_OPTIONS   options for `gitcoord worker`, such as `--timeout 45m --rework 2`
#   MERGE            0: never land anything here (default: the last worker of a wave lands it)
#   MERGE_OPTIONS    options for `gitcoord merge-level`, such as `--method squash --wait 30m`
#
# Exit codes: 0 submitted, by whomever (and the wave landed, if this was its last worker) · 1 the answer is no: the
# agent failed, a conflict, a wave that did not land whole · 2 wrong environment · 3 git or the forge refused · 65 the
# task itself is wrong · 75 not now: an earlier wave or level has to land first, another worker is at it, the agent's
# account is closed · 124 out of time · 143 told to end. May be killed at any moment and started again, in the same
# WORKDIR or in an empty one: let the orchestrator retry on 1, 3, 75 and 143.
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

# --- Signals: as the first process of a container nobody else passes them on ------------------------------

child='' stopped=''

stop() {
  stopped=1
  [ -z "$child" ] || kill -TERM "$child" 2>/dev/null || true
}

# Runs a command that is told to end when this script is.
run() {
  local code=0
  "$@" &
  child=$!
  wait "$child" || code=$?
  # A signal ends the wait, and not the command.
  while kill -0 "$child" 2>/dev/null; do
    code=0
    wait "$child" || code=$?
  done
  child=''
  [ -z "$stopped" ] || exit 143
  return "$code"
}

check_environment() {
  local name needed
  case ${STEP:-work} in
    work) needed='TASK_ID REPOSITORY_URL AGENT_COMMAND' ;;
    land) needed='REPOSITORY_URL AGENT_COMMAND' ;;
    report) needed='REPOSITORY_URL' ;;
    *) fail 2 "STEP is work, land or report, not '$STEP'." ;;
  esac
  for name in $needed; do
    [ -n "${!name:-}" ] || fail 2 "$name is not set. The container needs ${needed// /, }."
  done
  [ "${STEP:-work}" != land ] || [ -n "${TASK_ID:-}${EXECUTION_LEVEL:-}" ] ||
    fail 2 "Neither TASK_ID nor EXECUTION_LEVEL is set. STEP=land needs one of them."
  case ${REWORKS:-2} in *[!0-9]*) fail 2 "REWORKS is a number, not '$REWORKS'." ;; esac
  for name in git gitcoord python3; do
    command -v "$name" >/dev/null || fail 2 "There is no $name on PATH in this container."
  done
  case ${MERGE:-1} in 0 | 1) ;; *) fail 2 "MERGE is 0 or 1, not '$MERGE'." ;; esac
  case ${TOKEN_FROM:-} in *[!A-Za-z0-9_]*) fail 2 "TOKEN_FROM is the name of a variable." ;; esac
  [ -z "${TOKEN_FROM:-}" ] || [ -n "${!TOKEN_FROM:-}" ] || fail 2 "$TOKEN_FROM is not set, which TOKEN_FROM names."
}

# The repository's own token goes before all others.
choose_token() {
  [ -n "${TOKEN_FROM:-}" ] || return 0
  local token=${!TOKEN_FROM}
  unset GITHUB_TOKEN GITHUB_ENTERPRISE_TOKEN GITCOORD_APP_ID GITCOORD_APP_PRIVATE_KEY GITCOORD_APP_PRIVATE_KEY_FILE "$TOKEN_FROM"
  export GH_TOKEN=$token GH_ENTERPRISE_TOKEN=$token
}

# --- The clone -------------------------------------------------------------------------------------------

signed_in() {
  local login=() server=${GITHUB_SERVER_URL:-https://github.com}
  case $REPOSITORY_URL in
    "https://github.com/"* | "https://${GH_HOST:-github.com}/"* | "${server%/}/"*)
      login=(-c credential.helper= -c credential.useHttpPath=true -c 'credential.helper=!gitcoord git-credential')
      ;;
  esac
  GIT_TERMINAL_PROMPT=0 git ${login[@]+"${login[@]}"} "$@" 2>&1 | redacted
}

# Sets `clone`. The checkout goes beside it: both are in WORKDIR, which may be a volume.
prepare_clone() {
  if [ -e "$WORKDIR/.git" ]; then
    clone=$WORKDIR
    return
  fi
  mkdir -p "$WORKDIR"
  clone=$WORKDIR/clone
  local part=$clone.part unreachable="The repository cannot be fetched. Check REPOSITORY_URL, the network and the token."
  [ -e "$WORKDIR/lock" ] || [ -z "$(ls -A "$WORKDIR")" ] ||
    fail 2 "$WORKDIR holds something that is no clone. Empty it, or set WORKDIR to another directory."
  exec 9>>"$WORKDIR/lock"
  ! command -v flock >/dev/null || flock --nonblock 9 ||
    fail 75 "Another worker is at work in $WORKDIR. Give each a WORKDIR of its own."
  rm -rf -- "$part"
  if [ -e "$clone" ]; then
    # Whoever held these locks died with the container.
    find "$clone/.git" -name '*.lock' -not -path '*/objects/*' -not -path '*/gitcoord/*' -delete
    git -C "$clone" remote set-url -- origin "$REPOSITORY_URL"
    run signed_in -C "$clone" fetch --quiet origin || fail 3 "$unreachable"
  else
    run signed_in clone --quiet -- "$REPOSITORY_URL" "$part" || fail 3 "$unreachable"
    mv "$part" "$clone"
  fi
  # Settings and the task list are read from the default branch as it is now.
  git -C "$clone" checkout --quiet --force --detach refs/remotes/origin/HEAD 2>/dev/null || true
}

# --- What gitcoord knows ---------------------------------------------------------------------------------

# Sets level, state (of the task) and level_state: of the first wave that has not landed, complete (everything
# is handed in), deferred (some of it waits for its worker) or open; landed when there is none.
look() {
  local document code=0
  document=$(gitcoord status --json) || code=$?
  [ "$code" = 0 ] || exit "$code"
  read -r level state level_state < <(printf '%s' "$document" | python3 -c '
import json, sys
status, unit = json.load(sys.stdin), sys.argv[1]
if "repositories" in status:  # of a plan over several, the whole level
    parts = list(status["repositories"].values())
    states = lambda one: {part["tasks"][one]["state"] for part in parts if one in part["tasks"]}
    task = unit if states(unit) else unit.rpartition(".")[0]
    for level in status["levels"]:
        tasks = {one for key in ("in", "out") for listed in level[key].values() for one in listed}
        if task in tasks:
            every = set().union(*map(states, tasks))
            rest = "complete" if every <= {"submitted", "open-pull", "landed"} else "deferred" if "deferred" in every else "open"
            own = "deferred" if "deferred" in states(task) else next(iter(states(task)))
            print(level["name"], own, "landed" if level["landed"] else rest)
            break
    else:
        print("- - -")
    sys.exit()
task = unit if unit in status["tasks"] else unit.rpartition(".")[0]
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
  [ -n "${EXECUTION_LEVEL:-}" ] || return 0
  look
  # A task that is not planned is left to `gitcoord worker`, which says what there is.
  [ "$level" = - ] || [ "level-${EXECUTION_LEVEL#level-}" = "$level" ] ||
    fail 2 "EXECUTION_LEVEL is $EXECUTION_LEVEL, but the plan has task $TASK_ID in $level." \
      "Plan again, or start the container with EXECUTION_LEVEL=$level."
}

# --- The work --------------------------------------------------------------------------------------------

# Sets code to what the worker ended with: it claims the task, and shuts out every worker that held it before.
work() {
  local agent name options=()
  case $AGENT_COMMAND in
    claude | codex | gemini | aider | opencode) agent=$AGENT_COMMAND ;;
    # From the environment, so that nothing that is in it stands on a command line.
    *) agent="bash -c 'export TASK_BRANCH=\"\$GITCOORD_BRANCH\" EXECUTION_LEVEL=\"\$GITCOORD_LEVEL\"; exec bash -c \"\$AGENT_COMMAND\"'" ;;
  esac
  for name in ${PASS_ENVIRONMENT:-}; do options+=("--pass-environment=$name"); done
  options+=("--wait=${WAIT:-none}")
  read -r -a more <<<"${WORKER_OPTIONS:-}" || true
  code=0
  run gitcoord worker --engine=container --agent="$agent" "${options[@]}" ${more[@]+"${more[@]}"} -- "$TASK_ID" ||
    code=$?
}

# Lands what has been handed in, when nobody is still at work on the first open wave.
land_wave() {
  local code=0 options=()
  [ "${MERGE:-1}" = 1 ] && [ "$level_state" = complete ] || return 0
  read -r -a options <<<"${MERGE_OPTIONS:-}" || true
  say "Everything that $level waits for is submitted; landing it."
  # Exit code 1 says that the level needs more than one wave, which landing does by itself.
  run gitcoord check-conflicts "$level" || code=$?
  [ "$code" -le 1 ] || return "$code"
  code=0
  run gitcoord merge-level "$level" ${options[@]+"${options[@]}"} || code=$?
  if [ "$code" = 1 ]; then
    look
    [ "$level_state" != open ] || { say "The later waves of $level have their own workers." && code=0; }
  fi
  return "$code"
}

# Sets level, strategy, wanted (landed or open) and deferred: TASK_ID if it is, or the deferred tasks of the level.
# Over several repositories, the strategy is `several`, and what is wanted has to land in all of them.
look_at_landing() {
  local document code=0
  document=$(gitcoord status --json) || code=$?
  [ "$code" = 0 ] || exit "$code"
  { read -r level && read -r strategy && read -r wanted && mapfile -t deferred; } < <(printf '%s' "$document" | python3 -c '
import json, sys
status, task, level = json.load(sys.stdin), sys.argv[1], sys.argv[2]
if "repositories" in status:
    tasks_of = lambda one, *keys: {id for key in keys for listed in one[key].values() for id in listed}
    is_it = lambda one: task in tasks_of(one, "in", "out") if task else one["name"] == "level-" + level.removeprefix("level-")
    found = next((one for one in status["levels"] if is_it(one)), None)
    wanted = {task} if task else tasks_of(found, "in", "out") if found else set()
    landed = found is not None and not wanted & tasks_of(found, "out")
    print(found["name"] if found else "-", "several", "landed" if landed else "open", sep="\n")
    parts = status["repositories"].values()
    for one in sorted(wanted):
        if any(part["tasks"].get(one, {}).get("state") == "deferred" for part in parts):
            print(one)
    sys.exit()
tasks = status["tasks"]
of_task = lambda one: task in one["tasks"]
of_name = lambda one: one["name"] == "level-" + level.removeprefix("level-")
found = next((one for one in status["levels"] if (of_task if task else of_name)(one)), None)
wanted = [task] if task else found["tasks"] if found else []
landed = bool(wanted) and all(one in tasks and tasks[one]["state"] == "landed" for one in wanted)
print(found["name"] if found else "-", status["strategy"], "landed" if landed else "open", sep="\n")
for one in wanted:
    if one in tasks and tasks[one]["state"] == "deferred":
        print(one)
' "${TASK_ID:-}" "${EXECUTION_LEVEL:-}")
}

# Lands until what is wanted is in the base; what was deferred meanwhile goes back to the agent first.
land() {
  local tries=${REWORKS:-2} options=() one
  read -r -a options <<<"${MERGE_OPTIONS:-}" || true
  look_at_landing
  [ -z "${GITCOORD_REPOSITORIES:-}" ] || [ "$strategy" = several ] ||
    fail 2 "The settings in REPOSITORY_URL name no [repositories], and GITCOORD_REPOSITORIES does. Push gitcoord.toml."
  [ "$strategy" = several ] ||
    case " ${options[*]-} " in *[\ =]multi-pr\ *) strategy=multi-pr ;; *[\ =]single-pr\ *) strategy=single-pr ;; esac
  [ "$strategy" != single-pr ] || options+=(--partial) # multi-PR lands each task by itself anyhow
  [ "$level" != - ] || fail 2 "The plan has no $([ -n "${TASK_ID:-}" ] && echo "task $TASK_ID" || echo "level $EXECUTION_LEVEL")."
  while [ "$wanted" != landed ]; do
    code=0
    run gitcoord merge-level "$level" ${options[@]+"${options[@]}"} || code=$?
    [ "$code" -le 1 ] || exit "$code"
    look_at_landing
    [ "$wanted" != landed ] || break
    [ "${#deferred[@]}" -gt 0 ] && [ "$tries" -gt 0 ] || exit 1
    tries=$((tries - 1))
    for one in "${deferred[@]}"; do
      say "Task $one was deferred; its agent resolves that."
      TASK_ID=$one work
      [ "$code" = 0 ] || exit "$code"
    done
  done
}

trap stop TERM INT HUP
check_environment
choose_token
WORKDIR=${WORKDIR:-$PWD/work}
export GITCOORD_WORKER=${GITCOORD_WORKER:-"${TASK_ID:-${STEP:-work}}@${HOSTNAME:-container}"}
prepare_clone
cd "$clone"
if ! git var GIT_COMMITTER_IDENT >/dev/null 2>&1 || ! git var GIT_AUTHOR_IDENT >/dev/null 2>&1; then
  export GIT_AUTHOR_NAME=$GITCOORD_WORKER GIT_AUTHOR_EMAIL=gitcoord@localhost
  export GIT_COMMITTER_NAME=$GITCOORD_WORKER GIT_COMMITTER_EMAIL=gitcoord@localhost
fi
case ${STEP:-work} in
  land)
    land
    exit 0
    ;;
  report)
    run gitcoord status
    run gitcoord report
    exit 0
    ;;
esac
check_level
work
if [ "$code" = 0 ]; then
  look
  land_wave
elif [ "$code" = 1 ]; then
  look
  # This task was deferred, and the rest of its wave may have waited for nothing else.
  if [ "$state" = deferred ]; then land_wave || true; fi
fi
exit "$code"
