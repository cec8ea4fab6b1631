#include "exclusive_lock/connection.hpp"

#include <utility>

#include "runtime/engine.hpp"

namespace exclusive_lock {

Connection::Connection(std::shared_ptr<Engine> engine) : engine_(std::move(engine)) {}

Connection::~Connection() = default;

const std::string& Connection::url() const noexcept { return engine_->store().url(); }

}  // namespace exclusive_lock
