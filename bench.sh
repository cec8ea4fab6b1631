#!/usr/bin/env bash
# Installs what is missing, builds the release with the benchmark, and measures: docs/benchmarks.md.
#   ./bench.sh [--quick] [--only a,c,...] [--json FILE]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)

"$root/scripts/set-up" build bench
"$root/scripts/build" bench benchmark >&2

commit=$(git -C "$root" rev-parse --short=12 HEAD 2>/dev/null) || commit=unknown
if [[ $commit != unknown && -n $(git -C "$root" status --porcelain -uno) ]]; then
  commit+=' with changes'
fi
EXCLUSIVE_LOCK_BENCH_COMMIT=$commit exec "$root/build/bench/bench/bench" "$@"
