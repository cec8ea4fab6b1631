# shellcheck shell=bash
# What ./bench.sh --peers measures beside ours, below build/deps: Debian's packages unpacked, never
# installed, so that no service starts; npm's packages in the versions of bench/peers/package-lock.json.
# Sourced by scripts/set-up.

peer_packages=(
  daemontools etcd-client etcd-server
  python3-redis python3-async-timeout python3-deprecated python3-packaging python3-wrapt
)

peers_are_there() {
  [[ -r $deps/peers/packages && $(<"$deps/peers/packages") = "${peer_packages[*]}" ]] &&
    cmp -s "$root/bench/peers/package-lock.json" "$deps/peers-npm/package-lock.json" &&
    [[ -d $deps/peers-npm/node_modules ]]
}

unpack_peers() {
  local release uri work
  release=$(running_release)
  uri=$(archive_uri "$release")
  [[ -n $uri ]] || give_up "apt has no source for Debian '$release', so there is no mirror to ask for peers"
  work=$deps/.unpacking-peers
  rm -rf "$work"
  say "fetching ${peer_packages[*]} (into build/deps, not installed)"
  archive_begin "$work" "$uri $release"
  archive_unpack "$work" "$work/peers" "${peer_packages[@]}"
  printf '%s\n' "${peer_packages[*]}" >"$work/peers/packages"
  rm -rf "$deps/peers"
  mv "$work/peers" "$deps/peers"
  rm -rf "$work"
}

fetch_npm_peers() {
  local target=$deps/peers-npm
  command -v npm >/dev/null || give_up "npm is missing, and ./bench.sh --peers measures npm packages. \
Debian has it in nodejs and npm; without it, ./bench.sh measures everything but the peers"
  say "fetching the npm packages of bench/peers/package.json (into build/deps)"
  rm -rf "$target"
  mkdir -p "$target"
  cp "$root/bench/peers/package.json" "$target"
  cp "$root/bench/peers/package-lock.json" "$target/package-lock.json.new"
  (cd "$target" && mv package-lock.json.new package-lock.json &&
    npm ci --no-audit --no-fund --ignore-scripts </dev/null >&2) || {
    rm -rf "$target"
    give_up "npm cannot fetch the packages of bench/peers/package.json, see above"
  }
}
