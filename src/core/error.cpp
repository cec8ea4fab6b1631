#include "exclusive_lock/error.hpp"

namespace exclusive_lock {
namespace {

class Category final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "exclusive_lock"; }
  [[nodiscard]] std::string message(int code) const override;
};

// No default, so that the compiler warns about a missing code.
std::string text_of(errc code) {
  switch (code) {
    case errc::store_unavailable:
      return "the store cannot be reached";
    case errc::outcome_unknown:
      return "the store did not answer in time; the request may have been carried out";
    case errc::store_loading:
      return "the store is still loading its data";
    case errc::store_read_only:
      return "the store is read-only";
    case errc::store_out_of_memory:
      return "the store is out of memory";
    case errc::store_not_persisting:
      return "the store refuses writes that it cannot keep";
    case errc::store_full:
      return "no space is left for the store";
    case errc::queue_full:
      return "the queue of this lock is full";
    case errc::store_busy:
      return "another client keeps the store busy";
    case errc::store_corrupt:
      return "the store's file is damaged";
    case errc::too_many_clients:
      return "the store has too many clients";
    case errc::authentication_required:
      return "the store asks for a password";
    case errc::wrong_password:
      return "the store refused the user name or the password";
    case errc::permission_denied:
      return "permission denied by the store";
    case errc::wrong_type:
      return "the key holds something that is not a lock";
    case errc::unsuitable_store:
      return "this store cannot keep a lock safely";
    case errc::protocol_error:
      return "the store sent a reply that is not valid";
    case errc::connection_closed:
      return "the connection is closed";
    case errc::store_failed_over:
      return "the server is no longer the master";
    case errc::lock_lost:
      return "the lock was lost during the work, which was cancelled; another worker may have "
             "begun it";
  }
  return "unknown error of exclusive_lock";
}

std::string Category::message(int code) const { return text_of(static_cast<errc>(code)); }

// A single mistake is one line. Several are one line each, below a line with their number.
std::string text_of(const std::vector<Mistake>& mistakes) {
  std::string text =
      mistakes.size() > 1 ? std::to_string(mistakes.size()) + " mistakes:" : std::string();
  for (const auto& mistake : mistakes) {
    text += mistakes.size() > 1 ? "\n  " : "";
    text += mistake.field + " " + mistake.problem;
    text += mistake.allowed.empty() ? "" : "; allowed: " + mistake.allowed;
  }
  return text;
}

}  // namespace

const std::error_category& error_category() noexcept {
  static const Category category;
  return category;
}

std::error_code make_error_code(errc code) noexcept {
  return {static_cast<int>(code), error_category()};
}

ValidationError::ValidationError(std::vector<Mistake> mistakes)
    : std::system_error(std::make_error_code(std::errc::invalid_argument)),
      mistakes_(std::move(mistakes)),
      text_(text_of(mistakes_)) {}

}  // namespace exclusive_lock
