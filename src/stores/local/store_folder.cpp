#include "stores/local/store_folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "exclusive_lock/error.hpp"
#include "stores/local/local_error.hpp"

namespace exclusive_lock {
namespace {

// Folders come and go only while a store is made or one is deleted.
constexpr int max_folder_tries = 100;

// --- the way to a directory ---

struct stat status_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    throw_errno(errno, path, "cannot find the directory");
  }
  return status;
}

struct stat status_of(const Descriptor& directory, const std::string& path) {
  struct stat status {};
  if (::fstat(directory.get(), &status) != 0) {
    throw_errno(errno, path, "cannot look at the directory");
  }
  return status;
}

// A directory whose entries only its owner, root and the entries' owners can rename.
bool keeps_entries_safe(const struct stat& parent, const StorePlace& place) {
  const bool is_trusted = parent.st_uid == 0 || parent.st_uid == place.private_to;
  const bool group_writes = (parent.st_mode & S_IWGRP) != 0 && parent.st_gid != place.own_group;
  const bool others_write = group_writes || (parent.st_mode & S_IWOTH) != 0;
  return is_trusted && (!others_write || (parent.st_mode & S_ISVTX) != 0);
}

void make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
    // Where it exists, the kind of failure shows when it is opened.
    const int error_number = errno;
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
      throw_errno(error_number, path, "cannot make the directory");
    }
  }
}

// From the root to the directory that holds the last component. Each is checked before anything in
// it is looked at: no other user can change what follows then.
void check_way_to(const std::filesystem::path& path, const StorePlace& place) {
  std::filesystem::path reached;
  for (const auto& component : path.parent_path()) {
    reached /= component;
    make_directory(reached.string());
    if (!keeps_entries_safe(status_of(reached.string()), place)) {
      throw_local(errc::unsuitable_store, reached.string(),
                  "other users can rename what is in that directory, which the store is below");
    }
  }
}

// By what path the kernel knows it, without symbolic links.
std::string path_of_descriptor(const Descriptor& directory, const std::string& opened_as) {
  std::error_code error;
  const auto path = std::filesystem::read_symlink(path_of_handle(directory), error);
  if (error) {
    throw_errno(error.value(), opened_as, "cannot tell where the directory is");
  }
  return path.string();
}

Descriptor open_directory(const StorePlace& place) {
  const std::filesystem::path path = place.path.lexically_normal();
  if (place.private_to) {
    check_way_to(path, place);
  }
  make_directory(path.string());
  const int follow = place.private_to ? O_NOFOLLOW : 0;
  Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | follow));
  if (!directory.is_open()) {
    const int error_number = errno;
    struct stat link {};
    if (::lstat(path.c_str(), &link) == 0 && S_ISLNK(link.st_mode) && place.private_to) {
      throw_local(errc::unsuitable_store, path.string(), "the directory is a symbolic link");
    }
    throw_errno(error_number, path.string(), "cannot open the directory");
  }
  if (place.private_to) {  // a link on the way may have led elsewhere
    check_way_to(path_of_descriptor(directory, path.string()), place);
  }
  return directory;
}

// --- what it must be ---

void check_private(const Descriptor& directory, const std::string& path, uid_t user) {
  const struct stat status = status_of(directory, path);
  if (status.st_uid != user) {
    throw_local(errc::permission_denied, path,
                "the directory is the default place of user " + std::to_string(user) +
                    " but belongs to user " + std::to_string(status.st_uid) +
                    ", who may have planted it");
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    throw_local(errc::permission_denied, path,
                "the directory is open to other users (chmod 700 closes it)");
  }
}

void check_suitable(const Descriptor& directory, const std::string& path,
                    StoreDirectory::FileSystemCheck* check) {
  if ((status_of(directory, path).st_mode & S_IWOTH) != 0) {
    throw_local(errc::unsuitable_store, path,
                "everybody may write the directory, and so replace the store's files");
  }
  struct statfs file_system {};
  if (::fstatfs(directory.get(), &file_system) != 0) {
    throw_errno(errno, path, "cannot tell the file system");
  }
  if (const auto name = check(static_cast<std::uint64_t>(file_system.f_type))) {
    throw_local(errc::unsuitable_store, path,
                "the directory is on a file system of type " + std::string(*name) +
                    ", which other machines may share or which cannot lock as a disk does");
  }
}

void check_writable(const Descriptor& directory, const std::string& path) {
  if (::faccessat(directory.get(), ".", W_OK | X_OK, AT_EACCESS) != 0) {
    throw_local(errc::store_read_only, path, "this user cannot write the directory");
  }
}

// --- the folder ---

Descriptor open_folder_in(const Descriptor& directory) {
  return Descriptor(::openat(directory.get(), store_folder_name,
                             O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

// With its rights before it has its name.
void make_folder(const Descriptor& directory, const struct stat& status, const std::string& path) {
  const std::string name = random_file_name();
  const mode_t mode = is_shared(status.st_mode) ? S_ISGID | S_IRWXU | S_IRWXG : S_IRWXU;
  if (::mkdirat(directory.get(), name.c_str(), S_IRWXU) != 0) {
    if (errno == EACCES) {
      throw_local(errc::store_read_only, path, "this user cannot write the directory");
    }
    throw_errno(errno, path, "cannot make the store's folder");
  }
  const Descriptor made(
      ::openat(directory.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  // It would replace a folder that is there only if that is empty, which is none in use.
  if (!made.is_open() || !give_to_owner_of(status, made) || ::fchmod(made.get(), mode) != 0 ||
      ::renameat2(directory.get(), name.c_str(), directory.get(), store_folder_name,
                  RENAME_NOREPLACE) != 0) {
    const int error_number = errno;
    ::unlinkat(directory.get(), name.c_str(), AT_REMOVEDIR);
    if (error_number == EINVAL || error_number == ENOSYS) {  // a file system without that flag
      static_cast<void>(::mkdirat(directory.get(), store_folder_name, mode));
    } else if (error_number != EEXIST) {
      throw_errno(error_number, path, "cannot make the store's folder");
    }
  }
}

Descriptor open_or_make_folder(const Descriptor& directory, const std::string& path) {
  const struct stat status = status_of(directory, path);
  for (int i = 0; i < max_folder_tries; ++i) {
    Descriptor folder = open_folder_in(directory);
    if (folder.is_open()) {
      return folder;
    }
    if (errno != ENOENT) {
      throw_errno(errno, path + "/" + store_folder_name, "cannot open the store's folder");
    }
    make_folder(directory, status, path);
  }
  throw_local(errc::store_unavailable, path, "the store's folder is deleted again and again");
}

}  // namespace

StoreFolder open_store_folder(const StorePlace& place, StoreDirectory::FileSystemCheck* check) {
  const Descriptor directory = open_directory(place);
  StoreFolder opened{.directory = path_of_descriptor(directory, place.path.string()),
                     .folder = {},
                     .descriptor = {}};
  if (place.private_to) {
    check_private(directory, opened.directory, *place.private_to);
  }
  check_suitable(directory, opened.directory, check);
  opened.folder = opened.directory + "/" + store_folder_name;
  opened.descriptor = open_or_make_folder(directory, opened.directory);
  if (place.private_to) {
    check_private(opened.descriptor, opened.folder, *place.private_to);
  }
  check_suitable(opened.descriptor, opened.folder, check);
  check_writable(opened.descriptor, opened.folder);
  return opened;
}

}  // namespace exclusive_lock
