#include "stores/local/write_claim.hpp"

#include <fcntl.h>

#include <algorithm>

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;

// Beyond the ids of all holders (holder.cpp).
constexpr std::int64_t claims_begin = (std::int64_t{1} << 62) + (std::int64_t{1} << 32);
// A claim that is younger need not be made anew.
constexpr std::chrono::milliseconds renewal_age = max_claim_age / 4;

// `size` 0: to the end of all offsets.
struct flock bytes_at(std::int64_t begin, std::int64_t size, short kind) {
  struct flock lock {};
  lock.l_type = kind;
  lock.l_whence = SEEK_SET;
  lock.l_start = begin;
  lock.l_len = size;
  return lock;
}

}  // namespace

void WriteClaim::make() noexcept {
  const std::int64_t now = now_ms();
  if (made_at_ms_ != 0 && now - made_at_ms_ < renewal_age.count()) {
    return;
  }
  struct flock claim = bytes_at(claims_begin + now, 1, F_RDLCK);
  if (::fcntl(file_.descriptor().get(), F_OFD_SETLK, &claim) == 0) {
    made_at_ms_ = now;
    struct flock older = bytes_at(claims_begin, now, F_UNLCK);
    static_cast<void>(::fcntl(file_.descriptor().get(), F_OFD_SETLK, &older));
  }
}

void WriteClaim::end() noexcept {
  if (made_at_ms_ != 0) {
    made_at_ms_ = 0;
    struct flock all = bytes_at(claims_begin, 0, F_UNLCK);
    static_cast<void>(::fcntl(file_.descriptor().get(), F_OFD_SETLK, &all));
  }
}

bool WriteClaim::is_made_by_another() const noexcept {
  const std::int64_t oldest = std::max<std::int64_t>(now_ms() - max_claim_age.count(), 0);
  // This store's own locks are not in the way of one that it asks for.
  struct flock claims = bytes_at(claims_begin + oldest, 0, F_WRLCK);
  return ::fcntl(file_.descriptor().get(), F_OFD_GETLK, &claims) == 0 && claims.l_type != F_UNLCK;
}

std::int64_t WriteClaim::now_ms() const noexcept {
  return std::max<std::int64_t>(machine_.now_ns() / 1'000'000, 1);
}

}  // namespace exclusive_lock
