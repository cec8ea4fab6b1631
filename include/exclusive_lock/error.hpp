#pragma once
// The three kinds of failure, and how a program meets each of them:
//
//   - outcomes of the protocol (busy, lost, not the holder) are values, not errors;
//   - failures of the store are a std::error_code of this category. Calls without an error_code
//     parameter throw it as StoreError. The code says what was wrong. may_have_run() says whether
//     the store may have carried out the request all the same (G4: unknown is not failure);
//   - wrong options are a ValidationError that lists every mistake at once (G10).
//
// No message contains a password; text from servers and records is escaped for terminals (G11).

#include <string>
#include <system_error>
#include <vector>

#include "exclusive_lock/export.hpp"

namespace exclusive_lock {

enum class errc {
  store_unavailable = 1,    // no connection, or it broke before the request was sent
  outcome_unknown,          // sent, but not answered in time: it may have been carried out (G4)
  store_loading,            // the server is reading its data set: LOADING
  store_read_only,          // a replica at first contact, or a read-only directory: EROFS, EACCES
  store_out_of_memory,      // OOM
  store_not_persisting,     // MISCONF, NOREPLICAS: the server refuses writes that it cannot keep
  store_full,               // no space left on the device, or over quota
  queue_full,               // Options::queue_limit others wait for this lock already
  store_busy,               // a script or another writer keeps the store busy: BUSY, SQLITE_BUSY
  store_corrupt,            // the embedded store's file is damaged; the library does not change it
  too_many_clients,         // the server's maxclients is reached
  authentication_required,  // NOAUTH
  wrong_password,           // WRONGPASS
  permission_denied,        // NOPERM, an ACL failure in a script, or the rights of a directory
  wrong_type,               // the key holds no string, so it is not a lock; it is not changed
  unsuitable_store,         // a network file system, a server without RESP3, an active replica
  protocol_error,           // the store sent a reply that is not valid
  connection_closed,        // the connection is being destroyed, or was made before a fork()
  store_failed_over,        // the server is no longer the master: READONLY, REDIRECT, UNBLOCKED,
                            // MASTERDOWN. Passes by itself, so waiters keep waiting
  lock_lost,                // the hold was lost while the work under it was running
};

EXCLUSIVE_LOCK_API const std::error_category& error_category() noexcept;
EXCLUSIVE_LOCK_API std::error_code make_error_code(errc code) noexcept;

// A failure of the store. what() says what happened, what it means and what to do.
class EXCLUSIVE_LOCK_API StoreError : public std::system_error {
 public:
  StoreError(std::error_code code, const std::string& message, bool may_have_run)
      : std::system_error(code, message), text_(message), may_have_run_(may_have_run) {}

  // True: the request was sent, and the store may have carried it out.
  [[nodiscard]] bool may_have_run() const noexcept { return may_have_run_; }
  [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::string text_;
  bool may_have_run_;
};

// One mistake in the options or the store URL.
struct Mistake {
  std::string field;    // "lock_ttl", "store URL: port"
  std::string problem;  // "is -1 ms"
  std::string allowed;  // "100 ms to 7 days"
};

// Thrown before anything is sent. code() is std::errc::invalid_argument.
class EXCLUSIVE_LOCK_API ValidationError : public std::system_error {
 public:
  explicit ValidationError(std::vector<Mistake> mistakes);
  [[nodiscard]] const std::vector<Mistake>& mistakes() const noexcept { return mistakes_; }
  // All mistakes; if there are several, one per line.
  [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::vector<Mistake> mistakes_;
  std::string text_;
};

}  // namespace exclusive_lock

template <>
struct std::is_error_code_enum<exclusive_lock::errc> : std::true_type {};
