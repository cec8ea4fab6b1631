#include "stores/local/default_place.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <vector>

#include "exclusive_lock/error.hpp"
#include "stores/local/local_error.hpp"

namespace exclusive_lock {
namespace {

constexpr const char* place_of_root = "/var/lib/exclusive-lock";
constexpr const char* place_below_home = ".local/state/exclusive-lock";
constexpr std::size_t first_buffer_size = 1024;
constexpr std::size_t max_buffer_size = std::size_t{1} << 20U;

std::string name_and_id(uid_t user, const std::string& name) {
  return name + " (uid " + std::to_string(user) + ")";
}

// Calls getpwuid_r or getgrgid_r with as much space as the entry needs.
template <class Entry, class Lookup>
int look_up(Lookup lookup, Entry& entry, std::vector<char>& buffer, Entry*& found) {
  int error_number = ERANGE;
  for (std::size_t size = first_buffer_size; error_number == ERANGE && size <= max_buffer_size;
       size *= 2) {
    buffer.resize(size);
    error_number = lookup(&entry, buffer.data(), buffer.size(), &found);
  }
  return error_number;
}

bool has_own_group(const UserAccount& account, gid_t group) {
  struct group entry {};
  struct group* found = nullptr;
  std::vector<char> buffer;
  const auto lookup = [group](auto... arguments) { return ::getgrgid_r(group, arguments...); };
  return look_up(lookup, entry, buffer, found) == 0 && found != nullptr &&
         is_own_group(*found, account.name);
}

// What is wrong with a home directory as the place of a store; empty: nothing.
std::string problem_of_home(const UserAccount& account) {
  if (account.home.empty() || account.home.front() != '/' || account.home == "/") {
    return "is no directory of its own";
  }
  struct stat status {};
  if (::stat(account.home.c_str(), &status) != 0) {
    return errno == ENOENT ? "does not exist"
                           : "cannot be reached: " + std::generic_category().message(errno);
  }
  if (!S_ISDIR(status.st_mode)) {
    return "is not a directory";
  }
  return status.st_uid == account.id ? "" : "belongs to uid " + std::to_string(status.st_uid);
}

}  // namespace

bool is_own_group(const struct group& group, const std::string& user_name) {
  const auto is_user = [&user_name](const char* name) { return user_name == name; };
  char** end = group.gr_mem;
  while (*end != nullptr) {
    ++end;
  }
  return is_user(group.gr_name) && std::all_of(group.gr_mem, end, is_user);
}

UserAccount account_of(uid_t user) {
  struct passwd entry {};
  struct passwd* found = nullptr;
  std::vector<char> buffer;
  const auto lookup = [user](auto... arguments) { return ::getpwuid_r(user, arguments...); };
  const int error_number = look_up(lookup, entry, buffer, found);
  if (error_number != 0 || found == nullptr) {
    throw_local(errc::unsuitable_store, "(default place)",
                "the default store of uid " + std::to_string(user) +
                    " cannot be found: the password database " +
                    (error_number == 0
                         ? "does not have that user"
                         : "cannot be read: " + std::generic_category().message(error_number)));
  }
  UserAccount account{.id = user, .name = found->pw_name, .home = found->pw_dir, .own_group = {}};
  if (has_own_group(account, found->pw_gid)) {
    account.own_group = found->pw_gid;
  }
  return account;
}

StorePlace default_place(const UserAccount& account) {
  if (account.id == 0) {
    return {.path = place_of_root, .private_to = std::nullopt, .own_group = std::nullopt};
  }
  const std::string problem = problem_of_home(account);
  if (!problem.empty()) {
    throw_local(errc::unsuitable_store, "(default place)",
                "the default store of user " + name_and_id(account.id, account.name) +
                    " would be below its home directory, but " +
                    (account.home.empty() ? "that" : account.home) + " " + problem);
  }
  return {.path = std::filesystem::path(account.home) / place_below_home,
          .private_to = account.id,
          .own_group = account.own_group};
}

}  // namespace exclusive_lock
