#include "stores/local/directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include "stores/local/local_error.hpp"

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view unnamed_prefix = "locks.new-";
constexpr std::size_t unnamed_digits = 16;
// Longer than any process that is alive takes to make a file.
constexpr std::time_t unnamed_age_s = 60;

// How long another change may get the same time: a tick of the kernel is 10 ms at most, and some
// file systems keep whole seconds, or every other.
constexpr std::chrono::nanoseconds settling_time = 50ms;
constexpr std::chrono::nanoseconds settling_time_in_seconds = 3s;

// A directory whose entries nobody but its owner, root and the entries' owners can rename.
bool keeps_entries_safe(const struct stat& parent, uid_t user) {
  const bool is_trusted = parent.st_uid == 0 || parent.st_uid == user;
  const bool others_write = (parent.st_mode & (S_IWGRP | S_IWOTH)) != 0;
  return is_trusted && (!others_write || (parent.st_mode & S_ISVTX) != 0);
}

std::string resolved(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr),
                                                         &std::free);
  if (real == nullptr) {
    throw_errno(errno, path, "cannot find the directory");
  }
  return real.get();
}

// The path that is opened: made if it is missing, checked where it must be ours.
std::string prepared(const StorePlace& place) {
  const std::string path = place.path.lexically_normal().string();
  if (place.private_to) {
    const std::string parent_path = place.path.parent_path().string();
    struct stat parent {};
    if (::stat(parent_path.c_str(), &parent) != 0) {
      throw_errno(errno, parent_path, "cannot find the directory");
    }
    if (!keeps_entries_safe(parent, *place.private_to)) {
      throw_local(errc::unsuitable_store, parent_path, "other users can rename what is in it");
    }
  }
  if (::mkdir(path.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
    // Where it exists, the kind of trouble shows when it is opened.
    const int error_number = errno;
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
      throw_errno(error_number, path, "cannot make the directory");
    }
  }
  struct stat link {};
  if (place.private_to && ::lstat(path.c_str(), &link) == 0 && S_ISLNK(link.st_mode)) {
    throw_local(errc::unsuitable_store, path, "the directory is a symbolic link");
  }
  return resolved(path);
}

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

std::string random_name() {
  std::uint64_t number = 0;
  if (::getrandom(&number, sizeof number, 0) != sizeof number) {
    throw_errno(errno, "", "cannot get random bytes");
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%s%016llx", unnamed_prefix.data(),
                static_cast<unsigned long long>(number));
  return text.data();
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    const Descriptor old(std::exchange(fd_, other.release()));
  }
  return *this;
}

Descriptor::~Descriptor() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

int Descriptor::release() noexcept { return std::exchange(fd_, -1); }

StorePlace default_place(const char* runtime_dir, uid_t user) {
  struct stat status {};
  if (runtime_dir != nullptr && runtime_dir[0] == '/' && ::lstat(runtime_dir, &status) == 0 &&
      S_ISDIR(status.st_mode) && status.st_uid == user) {
    return {.path = std::filesystem::path(runtime_dir) / "exclusive-lock", .private_to = user};
  }
  return {.path = "/var/tmp/exclusive-lock-" + std::to_string(user), .private_to = user};
}

mode_t file_mode_in(mode_t directory_mode) noexcept {
  const bool is_shared = (directory_mode & S_IWGRP) != 0 && (directory_mode & S_ISGID) != 0;
  return is_shared ? S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP : S_IRUSR | S_IWUSR;
}

std::string path_of_handle(const Descriptor& handle) {
  return "/proc/self/fd/" + std::to_string(handle.get());
}

SocketAddress::SocketAddress(const std::string& path) noexcept {
  address_.sun_family = AF_UNIX;
  path.copy(static_cast<char*>(address_.sun_path), sizeof address_.sun_path - 1);
}

StoreDirectory::StoreDirectory(const StorePlace& place, FileSystemCheck* check)
    : path_(prepared(place)) {
  fd_ = Descriptor(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd_.is_open() || ::fstat(fd_.get(), &status_) != 0) {
    throw_errno(errno, path_, "cannot open the directory");
  }
  if (place.private_to) {
    check_ours(*place.private_to);
  }
  check_suitable(check);
  // systemd-tmpfiles leaves alone what is in a directory that somebody has locked (tmpfiles.d(5)).
  // Where it cannot be locked, nothing else depends on it.
  static_cast<void>(::flock(fd_.get(), LOCK_SH | LOCK_NB));
}

void StoreDirectory::check_ours(uid_t user) const {
  if (status_.st_uid != user) {
    throw_local(errc::permission_denied, path_,
                "the directory is the default place of user " + std::to_string(user) +
                    " but belongs to user " + std::to_string(status_.st_uid) +
                    ", who may have planted it");
  }
  if ((status_.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    throw_local(errc::permission_denied, path_,
                "the directory is open to other users (chmod 700 closes it)");
  }
}

void StoreDirectory::check_suitable(FileSystemCheck* check) const {
  if ((status_.st_mode & S_IWOTH) != 0) {
    throw_local(errc::unsuitable_store, path_,
                "everybody may write the directory, and so replace the store's files");
  }
  struct statfs file_system {};
  if (::fstatfs(fd_.get(), &file_system) != 0) {
    throw_errno(errno, path_, "cannot tell the file system");
  }
  if (const auto name = check(static_cast<std::uint64_t>(file_system.f_type))) {
    throw_local(errc::unsuitable_store, path_,
                "the directory is on a file system of type " + std::string(*name) +
                    ", which other machines may share or which cannot lock as a disk does");
  }
  if (::faccessat(fd_.get(), ".", W_OK | X_OK, AT_EACCESS) != 0) {
    throw_local(errc::store_read_only, path_, "this user cannot write the directory");
  }
}

std::optional<DirectoryStamp> StoreDirectory::settled_stamp() const noexcept {
  struct stat status {};
  if (::fstat(fd_.get(), &status) != 0) {
    return std::nullopt;
  }
  const auto changed_at = std::chrono::seconds(status.st_ctim.tv_sec) +
                          std::chrono::nanoseconds(status.st_ctim.tv_nsec);
  const bool is_in_seconds = status.st_ctim.tv_nsec == 0;  // or happens to be: no harm
  const auto settled_at = changed_at + (is_in_seconds ? settling_time_in_seconds : settling_time);
  if (settled_at > std::chrono::system_clock::now().time_since_epoch()) {
    return std::nullopt;
  }
  return DirectoryStamp{.identity = {.device = status.st_dev, .inode = status.st_ino},
                        .changed_at_ns = changed_at.count()};
}

std::optional<FileIdentity> StoreDirectory::find(const std::string& name) const {
  struct stat status {};
  if (::fstatat(fd_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) {
      return std::nullopt;
    }
    throw_errno(errno, path_, "cannot look at " + name);
  }
  if (!S_ISREG(status.st_mode)) {
    throw_local(errc::unsuitable_store, path_,
                name + (S_ISLNK(status.st_mode) ? " is a symbolic link" : " is not a plain file") +
                    ", which the store never makes");
  }
  return FileIdentity{.device = status.st_dev, .inode = status.st_ino};
}

Descriptor StoreDirectory::open(const std::string& name) const {
  Descriptor file(::openat(fd_.get(), name.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.is_open() && errno != ENOENT) {
    throw_errno(errno, path_, "cannot open " + name);
  }
  struct stat status {};
  if (file.is_open() && (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))) {
    throw_local(errc::unsuitable_store, path_, name + " is not a plain file");
  }
  return file;
}

std::string StoreDirectory::make_unnamed() const {
  std::string name = random_name();
  const Descriptor file(::openat(fd_.get(), name.c_str(),
                                 O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR));
  if (!file.is_open()) {
    throw_errno(errno, path_, "cannot make a file");
  }
  // Root works for whoever owns the directory; what it makes there must not lock them out.
  const bool is_given_away =
      ::geteuid() != 0 || ::fchown(file.get(), status_.st_uid, status_.st_gid) == 0;
  if (!is_given_away || ::fchmod(file.get(), file_mode_in(status_.st_mode)) != 0) {
    const int error_number = errno;
    remove(name);
    throw_errno(error_number, path_, "cannot set the rights of a file");
  }
  return name;
}

void StoreDirectory::sync(const std::string& unnamed) const {
  const Descriptor file = open(unnamed);
  if (!file.is_open() || ::fsync(file.get()) != 0) {
    throw_errno(errno, path_, "cannot write a file to the disk");
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
    throw_errno(error_number, path_, "cannot give a file its name");
  }
  return error_number == 0;
}

void StoreDirectory::sweep_unnamed() const {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(path_, error)) {
    struct stat status {};
    const std::string name = entry.path().filename().string();
    if (is_unnamed(name) && ::fstatat(fd_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(status.st_mode) && status.st_mtime < std::time(nullptr) - unnamed_age_s) {
      remove(name);
    }
  }
  if (error) {
    throw_errno(error.value(), path_, "cannot read the directory");
  }
}

void StoreDirectory::bind_socket(const Descriptor& socket, const std::string& name) const {
  // Open to nobody until it has its rights; the kernel takes those of the unbound socket.
  if (::fchmod(socket.get(), 0) != 0) {
    throw_errno(errno, path_, "cannot set the rights of a socket");
  }
  const SocketAddress address(path_of_handle(fd_) + "/" + name);
  if (::bind(socket.get(), address.get(), address.size()) != 0) {
    throw_errno(errno, path_, "cannot make a socket");
  }
  const Descriptor bound = look_at_socket(name);
  const bool is_given_away = ::geteuid() != 0 || ::fchownat(bound.get(), "", status_.st_uid,
                                                            status_.st_gid, AT_EMPTY_PATH) == 0;
  if (!is_given_away ||
      ::chmod(path_of_handle(bound).c_str(), file_mode_in(status_.st_mode)) != 0) {
    const int error_number = errno;
    remove(name);
    throw_errno(error_number, path_, "cannot set the rights of a socket");
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
  for (const auto& entry : std::filesystem::directory_iterator(path_, error)) {
    std::string name = entry.path().filename().string();
    if (name.starts_with(prefix)) {
      names.push_back(std::move(name));
    }
    if (names.size() == most) {
      break;
    }
  }
  if (error) {
    throw_errno(error.value(), path_, "cannot read the directory");
  }
  return names;
}

void StoreDirectory::remove(const std::string& name) const noexcept {
  // A file that cannot be removed takes space and does no harm.
  static_cast<void>(::unlinkat(fd_.get(), name.c_str(), 0));
}

}  // namespace exclusive_lock
