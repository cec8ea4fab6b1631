# shellcheck shell=bash
# Takes packages out of Debian's archive without installing them. Sourced by scripts/set-up.
#
# apt gets a private state, cache and source list below a temporary folder, so that the sources and
# lists of the system stay as they are. From the system come the mirror, proxies and passwords for
# them, and Debian's keyring, which every index and through it every package is checked against.

archive_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# Prints the URI under which the machine gets a suite of its own release, e.g. archive_uri bookworm.
# apt is asked, for it understands every form a source can be written in. Asked for what an update
# would fetch it needs neither the network nor downloaded lists; a machine whose source says `stable`
# is found through its downloaded lists.
archive_uri() {
  local suite=$1 uri
  uri=$(apt-get --print-uris update 2>/dev/null |
    sed -n "s|^'\(.*\)/dists/$suite/InRelease' .*|\1|p" | head -n 1) || true
  if [[ -z $uri ]]; then
    uri=$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' \
      'Created-By: Packages' 'Component: main' 2>/dev/null |
      sed -n "s|^$suite \(.*[^/]\)/*\$|\1|p" | head -n 1) || true
  fi
  printf '%s' "$uri"
}

# The codename of the running release.
running_release() {
  # shellcheck source=/dev/null
  (source /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
}

# archive_begin FOLDER "URI SUITE"...: makes the private apt in FOLDER and fetches its lists.
archive_begin() {
  local folder=$1 source
  shift
  [[ -r $archive_keyring ]] || give_up "$archive_keyring is missing (package debian-archive-keyring)"
  mkdir -p "$folder"/{state/lists/partial,cache/archives/partial,etc}
  : >"$folder/state/status"
  for source in "$@"; do
    printf 'deb [signed-by=%s] %s main\n' "$archive_keyring" "$source"
  done >"$folder/etc/sources.list"
  {
    apt-config dump --no-empty --format '%F "%v";%n' Acquire
    cat <<CONF
Acquire::Languages "none";
Acquire::Retries "3";
APT::Get::List-Cleanup "false";
APT::Sandbox::User "root";
Dir::State "$folder/state";
Dir::State::status "$folder/state/status";
Dir::Cache "$folder/cache";
Dir::Etc "$folder/etc";
Dir::Etc::sourcelist "$folder/etc/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::Etc::netrc "/etc/apt/auth.conf";
Dir::Etc::netrcparts "/etc/apt/auth.conf.d";
CONF
  } >"$folder/etc/apt.conf"
  APT_CONFIG=$folder/etc/apt.conf apt-get -q --error-on=any update </dev/null >"$folder/log" 2>&1 || {
    cat "$folder/log" >&2
    give_up "cannot read Debian's archive: $*"
  }
}

# archive_names FOLDER PREFIX: the names of packages that begin so.
archive_names() { APT_CONFIG=$1/etc/apt.conf apt-cache pkgnames "$2"; }

# archive_unpack FOLDER TARGET PACKAGE...: downloads the packages and unpacks them into TARGET.
archive_unpack() {
  local folder=$1 target=$2 package
  shift 2
  mkdir -p "$folder/debs" "$target"
  (cd "$folder/debs" && APT_CONFIG=$folder/etc/apt.conf apt-get -q download "$@" \
    </dev/null >"$folder/log" 2>&1) || {
    cat "$folder/log" >&2
    give_up "cannot download $*"
  }
  for package in "$folder"/debs/*.deb; do
    dpkg -x "$package" "$target"
    rm "$package"
  done
}
