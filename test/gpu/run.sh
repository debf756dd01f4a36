#!/usr/bin/env bash
# Builds and runs everything that needs a GPU, on a machine that has the CUDA toolkit and CMake and nothing else: no network, no Node needed.
#   test/gpu/run.sh [suite] [fault] [bench] [memcheck] [racecheck] [node]      (all of them where none is named)
# `node` runs the engine's device suite with the Node binary in MMSB_NODE (default: node), over the build in MMSB_DIST (default: dist).
# Results also go to $OUT where that is set. Exit 0: everything asked for ran and held.
set -u
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
repo="$(cd "$here/../.." && pwd)"
build="${MMSB_BUILD:-${TMPDIR:-/tmp}/mmsb-gpu-build}"
out="${OUT:-$build/results}"
wanted="${*:-suite fault bench memcheck racecheck node}"
mkdir -p "$build" "$out"
declare -a table=()
failed=0

note() { # name, state, detail
  table+=("$(printf '%-10s %-8s %s' "$1" "$2" "$3")")
  [ "$2" = ok ] || [ "$2" = "not run" ] || failed=1
}

# Runs a step under a time limit; its output goes to the results and its last line into the table.
step() { # name, limit in seconds, command ...
  local name="$1" limit="$2" from=$SECONDS code
  shift 2
  case " $wanted " in *" $name "*) ;; *) return ;; esac
  timeout "$limit" "$@" >"$out/$name.txt" 2>&1
  code=$?
  local last
  last="$(grep -v '^$' "$out/$name.txt" | tail -1)"
  if [ $code = 0 ]; then note "$name" ok "$((SECONDS - from)) s  $last"
  elif [ $code = 77 ]; then note "$name" "not run" "$last"
  elif [ $code = 124 ]; then note "$name" FAILED "not done after $limit s  $last"
  else note "$name" FAILED "exit $code  $last"; fi
}

echo "building in $build"
if ! { cmake -S "$repo/native/cuda" -B "$build" -DMMSB_GPU_TESTS=ON &&
  cmake --build "$build" --parallel; } >"$out/build.txt" 2>&1; then
  tail -30 "$out/build.txt"
  echo "the build failed"
  exit 1
fi

step suite 300 "$build/device-suite"
step fault 60 "$build/device-suite" --fault
step bench 300 "$build/kernel-bench"
step memcheck 400 compute-sanitizer --tool memcheck --error-exitcode 9 "$build/device-suite" --quick
step racecheck 400 compute-sanitizer --tool racecheck --error-exitcode 9 "$build/device-suite" --quick
if command -v "${MMSB_NODE:-node}" >/dev/null; then
  MMSB_CUDA_LIBRARY="$build/libmmsb_cuda.so" step node 300 "${MMSB_NODE:-node}" "${MMSB_DIST:-$repo/dist}/test/gpu/engine-suite.js" --require-gpu
else
  case " $wanted " in *" node "*) note node "not run" "no Node here (MMSB_NODE names one)" ;; esac
fi

[ -f "$out/bench.txt" ] && cat "$out/bench.txt"
for name in suite fault memcheck racecheck node; do
  [ -f "$out/$name.txt" ] && grep -E '^(FAILED|========= (Error|Invalid|.*hazard))' "$out/$name.txt" | head -20
done
echo
printf '%s\n' "${table[@]}"
exit $failed
