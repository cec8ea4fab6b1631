#include "stores/local/directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string_view>
#include <system_error>
#include <utility>

#include "stores/local/local_error.hpp"
#include "stores/local/store_folder.hpp"

namespace exclusive_lock {
namespace {

constexpr std::string_view unnamed_prefix = "locks.new-";
constexpr std::size_t unnamed_digits = 16;
// Longer than any process that is alive takes to make a file.
constexpr std::time_t unnamed_age_s = 60;

// A name that only this store gives: the directory may hold other people's files too. SQLite
// appends
// "-wal" and the like.
bool is_unnamed(std::string_view name) {
  if (!name.starts_with(unnamed_prefix)) {
    return false;
  }
  const std::string_view rest = name.substr(unnamed_prefix.size());
  const auto digits = rest.substr(0, rest.find('-'));
  return digits.size() == unnamed_digits &&
         digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

std::string random_file_name() {
  std::uint64_t number = 0;
  if (::getrandom(&number, sizeof number, 0) != sizeof number) {
    throw_errno(errno, "", "cannot get random bytes");
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%s%016llx", unnamed_prefix.data(),
                static_cast<unsigned long long>(number));
  return text.data();
}

bool is_shared(mode_t directory_mode) noexcept {
  return (directory_mode & S_IWGRP) != 0 && (directory_mode & S_ISGID) != 0;
}

mode_t file_mode_in(mode_t directory_mode) noexcept {
  return is_shared(directory_mode) ? S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP : S_IRUSR | S_IWUSR;
}

bool give_to_owner_of(const struct stat& directory, const Descriptor& made) noexcept {
  return ::geteuid() != 0 || ::fchown(made.get(), directory.st_uid, directory.st_gid) == 0;
}

std::string path_of_handle(const Descriptor& handle) {
  return "/proc/self/fd/" + std::to_string(handle.get());
}

SocketAddress::SocketAddress(const std::string& path) noexcept {
  address_.sun_family = AF_UNIX;
  path.copy(static_cast<char*>(address_.sun_path), sizeof address_.sun_path - 1);
}

StoreDirectory::StoreDirectory(const StorePlace& place, FileSystemCheck* check) {
  StoreFolder opened = open_store_folder(place, check);
  path_ = std::move(opened.directory);
  folder_ = std::move(opened.folder);
  fd_ = std::move(opened.descriptor);
  if (::fstat(fd_.get(), &status_) != 0) {
    throw_errno(errno, folder_, "cannot look at the store's folder");
  }
  // systemd-tmpfiles leaves alone what is in a directory that is locked (tmpfiles.d(5)).
  // Where it cannot be locked, nothing else depends on it.
  static_cast<void>(::flock(fd_.get(), LOCK_SH | LOCK_NB));
}

bool StoreDirectory::is_at_its_path() const noexcept {
  struct stat status {};
  return ::lstat(folder_.c_str(), &status) == 0 && status.st_dev == status_.st_dev &&
         status.st_ino == status_.st_ino;
}

std::optional<FileIdentity> StoreDirectory::find(const std::string& name) const {
  struct statx status {};
  if (::statx(fd_.get(), name.c_str(), AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME,
              &status) != 0) {
    if (errno == ENOENT) {
      return std::nullopt;
    }
    throw_errno(errno, folder_, "cannot look at " + name);
  }
  if (!S_ISREG(status.stx_mode)) {
    throw_local(errc::unsuitable_store, folder_,
                name + (S_ISLNK(status.stx_mode) ? " is a symbolic link" : " is not a plain file") +
                    ", which the store never makes");
  }
  FileIdentity identity{.device = makedev(status.stx_dev_major, status.stx_dev_minor),
                        .inode = status.stx_ino};
  if ((status.stx_mask & STATX_BTIME) != 0) {
    identity.born_at_ns = std::int64_t{status.stx_btime.tv_sec} * 1'000'000'000 +
                          std::int64_t{status.stx_btime.tv_nsec};
  }
  return identity;
}

Descriptor StoreDirectory::open(const std::string& name) const {
  Descriptor file(::openat(fd_.get(), name.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (file.is_open() && file.get() <= STDERR_FILENO) {
    // What a program prints that was started with a closed stdout must not go into the file.
    file = Descriptor(::fcntl(file.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  }
  if (!file.is_open() && errno != ENOENT) {
    throw_errno(errno, folder_, "cannot open " + name);
  }
  struct stat status {};
  if (file.is_open() && (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))) {
    throw_local(errc::unsuitable_store, folder_, name + " is not a plain file");
  }
  return file;
}

std::string StoreDirectory::make_unnamed() const {
  std::string name = random_file_name();
  const Descriptor file(::openat(fd_.get(), name.c_str(),
                                 O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR));
  if (!file.is_open()) {
    throw_errno(errno, folder_, "cannot make a file");
  }
  if (!give_to_owner_of(status_, file) ||
      ::fchmod(file.get(), file_mode_in(status_.st_mode)) != 0) {
    const int error_number = errno;
    remove(name);
    throw_errno(error_number, folder_, "cannot set the rights of a file");
  }
  return name;
}

void StoreDirectory::sync(const std::string& unnamed) const {
  const Descriptor file = open(unnamed);
  if (!file.is_open() || ::fsync(file.get()) != 0) {
    throw_errno(errno, folder_, "cannot write a file to the disk");
  }
}

bool StoreDirectory::publish(const std::string& unnamed, const std::string& name) const {
  int error_number = 0;
  if (::renameat2(fd_.get(), unnamed.c_str(), fd_.get(), name.c_str(), RENAME_NOREPLACE) == 0) {
    return true;
  }
  error_number = errno;
  if (error_number == EINVAL || error_number == ENOSYS) {
    // A file system without that flag. A process that is killed between these two leaves a second
    // name behind, which the next sweep removes.
    error_number =
        ::linkat(fd_.get(), unnamed.c_str(), fd_.get(), name.c_str(), 0) == 0 ? 0 : errno;
  }
  remove(unnamed);
  if (error_number != 0 && error_number != EEXIST) {
    throw_errno(error_number, folder_, "cannot give a file its name");
  }
  return error_number == 0;
}

void StoreDirectory::replace(const std::string& unnamed, const std::string& name) const {
  if (::renameat(fd_.get(), unnamed.c_str(), fd_.get(), name.c_str()) != 0) {
    const int error_number = errno;
    remove(unnamed);
    throw_errno(error_number, folder_, "cannot give a file its name");
  }
}

void StoreDirectory::sweep_unnamed() const {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
    struct stat status {};
    const std::string name = entry.path().filename().string();
    if (is_unnamed(name) && ::fstatat(fd_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(status.st_mode) && status.st_mtime < std::time(nullptr) - unnamed_age_s) {
      remove(name);
    }
  }
  if (error) {
    throw_errno(error.value(), folder_, "cannot read the directory");
  }
}

void StoreDirectory::bind_socket(const Descriptor& socket, const std::string& name) const {
  // Closed to everyone until it has its rights; the kernel takes those of the unbound socket.
  if (::fchmod(socket.get(), 0) != 0) {
    throw_errno(errno, folder_, "cannot set the rights of a socket");
  }
  const SocketAddress address(path_of_handle(fd_) + "/" + name);
  if (::bind(socket.get(), address.get(), address.size()) != 0) {
    throw_errno(errno, folder_, "cannot make a socket");
  }
  const Descriptor bound = look_at_socket(name);
  const bool is_given_away = ::geteuid() != 0 || ::fchownat(bound.get(), "", status_.st_uid,
                                                            status_.st_gid, AT_EMPTY_PATH) == 0;
  if (!is_given_away ||
      ::chmod(path_of_handle(bound).c_str(), file_mode_in(status_.st_mode)) != 0) {
    const int error_number = errno;
    remove(name);
    throw_errno(error_number, folder_, "cannot set the rights of a socket");
  }
}

Descriptor StoreDirectory::look_at_socket(const std::string& name) const noexcept {
  Descriptor handle(::openat(fd_.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  const bool is_socket =
      handle.is_open() && ::fstat(handle.get(), &status) == 0 && S_ISSOCK(status.st_mode);
  return is_socket ? std::move(handle) : Descriptor();
}

std::vector<std::string> StoreDirectory::names(std::string_view prefix, std::size_t most) const {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
    std::string name = entry.path().filename().string();
    if (name.starts_with(prefix)) {
      names.push_back(std::move(name));
    }
    if (names.size() == most) {
      break;
    }
  }
  if (error) {
    throw_errno(error.value(), folder_, "cannot read the directory");
  }
  return names;
}

void StoreDirectory::remove(const std::string& name) const noexcept {
  // A file that cannot be removed takes space and does no harm.
  static_cast<void>(::unlinkat(fd_.get(), name.c_str(), 0));
}

}  // namespace exclusive_lock
