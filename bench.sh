#!/usr/bin/env bash
# Installs what is missing, builds the release with the benchmark, and measures: docs/benchmarks.md.
#   ./bench.sh [--quick] [--only a,c,...] [--json FILE]            ours beside floors
#   ./bench.sh --peers [--quick] [--only NAME,...] [--json FILE]   ours beside other locks: docs/comparison.md
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)

program=("$root/build/bench/bench/bench")
parts=(build bench)
if [[ ${1-} = --peers ]]; then
  shift
  program=("$root/bench/peers/measure")
  parts+=(peers)
fi

"$root/scripts/set-up" "${parts[@]}"
"$root/scripts/build" bench benchmark >&2

commit=$(git -C "$root" rev-parse --short=12 HEAD 2>/dev/null) || commit=unknown
if [[ $commit != unknown && -n $(git -C "$root" status --porcelain -uno) ]]; then
  commit+=' with changes'
fi
EXCLUSIVE_LOCK_BENCH_COMMIT=$commit exec "${program[@]}" "$@"
