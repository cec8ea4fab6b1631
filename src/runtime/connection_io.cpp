#include "exclusive_lock/connection_io.hpp"

#include "runtime/engine.hpp"
#include "runtime/lock_parts.hpp"

namespace exclusive_lock {
namespace {

bool visit(const std::weak_ptr<Connection>& connection, VisitFor what) {
  const auto owner = connection.lock();
  return owner && owner->engine()->store().visit(what);
}

}  // namespace

ConnectionIo::ConnectionIo(const ExclusiveLock& lock)
    : connection_(LockAccess::parts(lock).connection) {}

int ConnectionIo::descriptor() const {
  const auto owner = connection_.lock();
  return owner ? owner->engine()->store().news_descriptor() : -1;
}

void ConnectionIo::hand_in(const std::function<void()>& begin) const {
  if (const auto owner = connection_.lock()) {
    owner->engine()->store().hand_in(begin);
  } else {
    begin();
  }
}

bool ConnectionIo::send() const { return visit(connection_, VisitFor::handed_in); }

bool ConnectionIo::take_news() const { return visit(connection_, VisitFor::news); }

bool ConnectionIo::is_of(const ExclusiveLock& lock) const noexcept {
  const auto& connection = LockAccess::parts(lock).connection;
  return !connection_.owner_before(connection) && !connection.owner_before(connection_);
}

}  // namespace exclusive_lock
