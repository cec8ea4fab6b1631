#include "conformance/memory_under_test.hpp"

#include <stdexcept>
#include <thread>

#include "exclusive_lock/connection.hpp"
#include "runtime/engine.hpp"

namespace exclusive_lock::conformance {
namespace {

struct RealTime {
  SystemClockSource system_clock;
};
class RealMemory final : private RealTime, public MemoryUnderTest {
 public:
  RealMemory()
      : MemoryUnderTest(system_clock, [this] { return make_memory_store(system_clock); }) {}
  void pass(Milliseconds time) override { std::this_thread::sleep_for(time); }

  // `memory:` is gone with its connection, so all locks of a test share one. Its store is this one.
  std::shared_ptr<Connection> connection() override {
    if (connection_ == nullptr) {
      connection_ = std::make_shared<Connection>(
          make_engine(memory(), {.command_timeout = patient().command_timeout, .log = nullptr}));
    }
    return connection_;
  }
  void lose_data() override { connection_ == nullptr ? MemoryUnderTest::lose_data() : wipe(); }

 private:
  std::shared_ptr<Connection> connection_;
};

}  // namespace

MemoryUnderTest::MemoryUnderTest(const ClockSource& clock,
                                 std::function<std::shared_ptr<Store>()> make)
    : clock_(clock), make_(std::move(make)), store_(make_()) {}

std::shared_ptr<MemoryStore> MemoryUnderTest::memory() const {
  auto memory = std::dynamic_pointer_cast<MemoryStore>(store_);
  if (memory == nullptr) {
    throw std::logic_error("not a memory store");
  }
  return memory;
}

void MemoryUnderTest::plant(const std::string& key, const std::string& value,
                            std::optional<Milliseconds> ttl) {
  memory()->plant(key, value, ttl);
}

void MemoryUnderTest::erase(const std::string& key) { memory()->erase(key); }
std::vector<StoredRecord> MemoryUnderTest::everything() { return memory()->everything(); }
void MemoryUnderTest::wipe() { memory()->wipe(); }

ScriptedMemory::ScriptedMemory()
    : MemoryUnderTest(scripted_clock,
                      [this] { return make_memory_store(scripted_clock, wall_clock); }) {}

std::shared_ptr<Connection> ScriptedMemory::connection() {
  throw std::logic_error("a connection has the system's clock");
}

std::unique_ptr<StoreUnderTest> memory_under_scripted_clocks() {
  return std::make_unique<ScriptedMemory>();
}
std::unique_ptr<StoreUnderTest> memory_in_real_time() { return std::make_unique<RealMemory>(); }

}  // namespace exclusive_lock::conformance
