# shellcheck shell=bash
# Servers for the tests, below build/deps/servers: unpacked, never installed, so that no service
# starts and nobody's port is taken. Sourced by scripts/set-up.

# The binaries are in the -tools packages; the rest are the libraries that a system may lack.
server_packages=(
  redis-server redis-tools valkey-server valkey-tools redict-server redict-tools
  libatomic1 libhiredict1.3.1 libjemalloc2 liblzf1
)
server_commands=(redis-server redis-cli valkey-server valkey-cli redict-server redict-cli)

# Written last; holds what was unpacked, so that a changed list is unpacked anew.
servers_are_there() {
  [[ -r $deps/servers/packages && $(<"$deps/servers/packages") = "${server_packages[*]}" ]]
}

# A command that sees the unpacked libraries; nothing else on the machine does.
write_server_command() {
  local bin=$1 command=$2
  cat >"$bin/$command" <<SCRIPT
#!/bin/sh
here=\$(dirname "\$(readlink -f "\$0")")/..
for folder in "\$here"/usr/lib/*-linux-gnu; do
  LD_LIBRARY_PATH=\$folder\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}
done
export LD_LIBRARY_PATH
exec "\$here/usr/bin/$command" "\$@"
SCRIPT
  chmod +x "$bin/$command"
}

unpack_servers() {
  local release uri security work command version
  release=$(running_release)
  uri=$(archive_uri "$release")
  [[ -n $uri ]] || give_up "apt has no source for Debian '$release', so there is no mirror to ask for servers"
  security=$(archive_uri "$release-security")
  work=$deps/.unpacking-servers
  rm -rf "$work"
  say "fetching servers for the tests (redis, valkey, redict; into build/deps, not installed)"
  archive_begin "$work" "$uri $release" "$uri $release-backports" \
    ${security:+"$security $release-security"}
  archive_unpack "$work" "$work/servers" "${server_packages[@]}"
  mkdir -p "$work/servers/bin"
  for command in "${server_commands[@]}"; do
    write_server_command "$work/servers/bin" "$command"
    version=$("$work/servers/bin/$command" --version 2>&1) ||
      give_up "$command does not run here: $version"
  done
  printf '%s\n' "${server_packages[*]}" >"$work/servers/packages"
  rm -rf "$deps/servers"
  mv "$work/servers" "$deps/servers"
  rm -rf "$work"
}
