#pragma once
// The directory of the embedded store: whether it can be trusted, and the files in it.
//
//   DIR                      what `local:///DIR` or the default place names (default_place.hpp)
//   DIR/exclusive-lock.d/    the store's folder: whatever else is in DIR is left alone
//     locks.db               SQLite's database      locks.db-wal, -shm   its log, shared memory
//     holders                see holders_file.hpp   waiter-*             sockets, push_socket.hpp
//     locks.new-*            a file that is being made
//
// Rules. A directory given by its path is used if its rights allow it, whichever user owns it. A
// private place (the default one) must be the user's alone: owned by the user, mode 0700, no
// symbolic link, and below directories in which only the user and root can rename anything
// (docs/failure_modes.md, 48). A directory that everybody may write is refused always. Files are
// for their owner alone (0600), but in a directory that its group may write and that hands its
// group down (setgid, as mode 2770) they are for the group too (0660). The umask changes nothing
// about that, in neither direction.
//
// Everything here is reached through the descriptor of the folder, which is checked once. SQLite
// opens by path; the caller that opens it calls is_at_its_path() afterwards.
//
// Nothing here opens locks.db or its companions once SQLite may have them open: closing any
// descriptor of a file drops all locks that the process has on it (fcntl(2); docs/failure_modes.md,
// 51).

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/un.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "os/descriptors.hpp"
#include "stores/local/file_system.hpp"

namespace exclusive_lock {

// Which file it is, whatever name it has.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  // When it was made, where that is asked for and the file system says so: the number of an inode
  // is used again after the file is gone.
  std::int64_t born_at_ns = 0;
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

struct StorePlace {
  std::filesystem::path path;
  // Must be owned by this user and closed to other users; what is missing of its path is made.
  // None: given by its path, permissions decide, and its last component only is made.
  std::optional<uid_t> private_to;
  // A group that may write directories above it: the user's own.
  std::optional<gid_t> own_group{};
};

// Whether a directory of that mode is one of a group. Pure.
bool is_shared(mode_t directory_mode) noexcept;
// The mode of files in it. Pure.
mode_t file_mode_in(mode_t directory_mode) noexcept;

// Root works for the owner of the directory; what it makes there must not lock them out. False: it
// failed, and errno says why.
bool give_to_owner_of(const struct stat& directory, const Descriptor& made) noexcept;

// "locks.new-" and 16 random digits. Throws LocalError.
std::string random_file_name();

// By what path one of our descriptors is reached: addresses of sockets may have 107 bytes only.
std::string path_of_handle(const Descriptor& handle);

// Of a Unix socket. The path must be one that path_of_handle began: a longer one is cut off.
class SocketAddress {
 public:
  explicit SocketAddress(const std::string& path) noexcept;
  [[nodiscard]] const sockaddr* get() const noexcept {
    return reinterpret_cast<const sockaddr*>(&address_);
  }
  [[nodiscard]] static socklen_t size() noexcept { return sizeof(sockaddr_un); }

 private:
  sockaddr_un address_{};
};

class StoreDirectory {
 public:
  using FileSystemCheck = std::optional<std::string_view>(std::uint64_t f_type);
  // Makes what is missing, mode 0700; the folder as its directory is. Throws LocalError.
  explicit StoreDirectory(const StorePlace& place, FileSystemCheck* check = unsuitable_file_system);

  // The directory: absolute, without symbolic links.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  // The folder in it.
  [[nodiscard]] const std::string& folder() const noexcept { return folder_; }
  [[nodiscard]] std::string path_of(const std::string& name) const { return folder_ + "/" + name; }
  [[nodiscard]] const Descriptor& descriptor() const noexcept { return fd_; }
  // Whether the path of the folder leads to it still.
  [[nodiscard]] bool is_at_its_path() const noexcept;

  // None: there is no such file. Throws LocalError where it is anything but a regular file.
  [[nodiscard]] std::optional<FileIdentity> find(const std::string& name) const;
  // Opens an existing file for reading and writing; not open: there is none. Never follows a link.
  [[nodiscard]] Descriptor open(const std::string& name) const;

  // Makes an empty file with the right mode under a name that no other process uses, and returns
  // that.
  [[nodiscard]] std::string make_unnamed() const;
  // Waits until such a file is on the disk.
  void sync(const std::string& unnamed) const;
  // Gives such a file its name, unless there is a file of that name already: then false. Either way
  // the file's old name is gone.
  bool publish(const std::string& unnamed, const std::string& name) const;
  // Gives such a file its name, in place of the one that has it.
  void replace(const std::string& unnamed, const std::string& name) const;
  // Removes what processes left behind that were killed while they made a file.
  void sweep_unnamed() const;
  void remove(const std::string& name) const noexcept;

  // Gives an unbound Unix socket a name here, with the rights of a file of the store, whatever the
  // umask; or fails and leaves nothing.
  void bind_socket(const Descriptor& socket, const std::string& name) const;
  // A handle on what has that name (open(2), O_PATH), for `path_of_handle`; not open: there is no
  // socket of that name. Never follows a link.
  [[nodiscard]] Descriptor look_at_socket(const std::string& name) const noexcept;
  // Names that begin so, in no order, at most `most` of them.
  [[nodiscard]] std::vector<std::string> names(std::string_view prefix, std::size_t most) const;

 private:
  std::string path_;
  std::string folder_;
  Descriptor fd_;  // of the folder
  struct stat status_ {};
};

}  // namespace exclusive_lock
