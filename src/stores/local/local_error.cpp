#include "stores/local/local_error.hpp"

#include <cerrno>
#include <system_error>

#include "exclusive_lock/printable.hpp"

namespace exclusive_lock {
namespace {

std::string_view advice(errc code) {
  switch (code) {
    case errc::store_full:
      return "locks that are held can still be released. Free some space or quota there, or raise "
             "the limit on file sizes (ulimit -f)";
    case errc::store_read_only:
      return "locks cannot be taken there. Make the directory writable, or give another one "
             "(local:///dir)";
    case errc::permission_denied:
      return "this user may not use it. Have the rights changed, or give another directory "
             "(local:///dir)";
    case errc::store_corrupt:
      return "nothing was changed or deleted. Stop all workers that use this directory, move its "
             "files elsewhere, and start the workers again: an empty store is made";
    case errc::unsuitable_store:
      return "a lock there would not be safe. Give another directory (local:///dir)";
    case errc::store_busy:
      return "nothing was done. Try again; if it stays so, look for a stopped process that has "
             "the store open";
    case errc::store_out_of_memory:
      return "nothing was done. Try again when memory is free";
    case errc::store_unavailable:
      return "nothing is known about its locks. Connect again when that is put right";
    default:
      return "connect again";
  }
}

}  // namespace

errc code_of_errno(int error_number) noexcept {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:  // the limit on file sizes, setrlimit(2)
      return errc::store_full;
    case EROFS:
      return errc::store_read_only;
    case EACCES:
    case EPERM:
      return errc::permission_denied;
    case ELOOP:  // O_NOFOLLOW met a symbolic link
      return errc::unsuitable_store;
    case ENOMEM:
      return errc::store_out_of_memory;
    default:
      return errc::store_unavailable;
  }
}

std::string local_message(errc code, std::string_view path, std::string_view what) {
  return "local store " + printable(path) + ": " + printable(what) + "; " +
         std::string(advice(code));
}

void throw_local(errc code, std::string_view path, std::string_view what) {
  throw LocalError({.code = make_error_code(code), .message = local_message(code, path, what)});
}

void throw_errno(int error_number, std::string_view path, std::string_view what) {
  const std::string cause = std::generic_category().message(error_number);
  throw_local(code_of_errno(error_number), path, std::string(what) + ": " + cause);
}

}  // namespace exclusive_lock
