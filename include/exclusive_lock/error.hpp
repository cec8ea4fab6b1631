#pragma once
// What can go wrong, in three kinds that are met in three ways:
//
//   - outcomes of the protocol (busy, lost, not the holder) are values, not errors;
//   - trouble with the store is a std::error_code of this category, thrown as StoreError by the
//     calls that have no error_code overload. The code says what was wrong; may_have_run() whether
//     the store may have carried the request out all the same (G4: unknown is not failure);
//   - wrong options are a ValidationError that lists every mistake at once (G10).
//
// No message holds a password; text from servers and records is escaped for terminals (G11).

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
  store_not_persisting,     // MISCONF, NOREPLICAS: the server refuses writes that it could not keep
  store_full,               // no space left on the device, or over quota
  queue_full,               // as many wait for this lock as may
  store_busy,               // a script or another writer keeps the store busy: BUSY, SQLITE_BUSY
  store_corrupt,            // the embedded store's file is damaged; it is left as it is
  too_many_clients,         // the server's maxclients is reached
  authentication_required,  // NOAUTH
  wrong_password,           // WRONGPASS
  permission_denied,        // NOPERM, an ACL failure in a script, or the rights of a directory
  wrong_type,               // the key holds something that is not a string: not a lock, left alone
  unsuitable_store,         // a network file system, a server without RESP3, an active replica
  protocol_error,           // the answer made no sense
  connection_closed,        // close() was called, or the connection was made before a fork()
  store_failed_over,        // a server that was the master is none now: READONLY, REDIRECT,
                            // UNBLOCKED, MASTERDOWN. Passes by itself: waiters wait it out
  lock_lost,                // the hold was lost while the work went on that it protected
};

EXCLUSIVE_LOCK_API const std::error_category& error_category() noexcept;
EXCLUSIVE_LOCK_API std::error_code make_error_code(errc code) noexcept;

// Trouble with the store. what() says what happened, what it means and what to do.
class EXCLUSIVE_LOCK_API StoreError : public std::system_error {
 public:
  StoreError(std::error_code code, const std::string& message, bool may_have_run)
      : std::system_error(code, message), text_(message), may_have_run_(may_have_run) {}

  // True where the request was sent and may have been carried out.
  [[nodiscard]] bool may_have_run() const noexcept { return may_have_run_; }
  [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::string text_;
  bool may_have_run_;
};

// One thing wrong with the options or the store URL.
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
  // All of them; where there are several, one to a line.
  [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::vector<Mistake> mistakes_;
  std::string text_;
};

}  // namespace exclusive_lock

template <>
struct std::is_error_code_enum<exclusive_lock::errc> : std::true_type {};
