#pragma once
// The memory store, on scripted clocks or on real ones. Each connection is a client of its own.

#include <functional>
#include <memory>

#include "conformance/scripted_clock.hpp"
#include "conformance/store_under_test.hpp"

namespace exclusive_lock::conformance {

class MemoryUnderTest : public StoreUnderTest {
 public:
  // `make` makes an empty memory store that runs on `clock`.
  MemoryUnderTest(const ClockSource& clock, std::function<std::shared_ptr<Store>()> make);

  std::shared_ptr<Store> connect() override { return memory()->client(); }
  [[nodiscard]] const ClockSource& clock() const override { return clock_; }
  void plant(const std::string& key, const std::string& value,
             std::optional<Milliseconds> ttl) override;
  void erase(const std::string& key) override;
  std::vector<StoredRecord> everything() override;
  void wipe() override;
  void lose_data() override { store_ = make_(); }

 protected:
  [[nodiscard]] std::shared_ptr<MemoryStore> memory() const;

 private:
  const ClockSource& clock_;
  std::function<std::shared_ptr<Store>()> make_;
  std::shared_ptr<Store> store_;
};

// What a MemoryUnderTest can refer to when it comes before it in the list of bases.
struct ScriptedClocks {
  ScriptedClock scripted_clock;
  ScriptedWallClock wall_clock{scripted_clock};
};

class ScriptedMemory : private ScriptedClocks, public MemoryUnderTest {
 public:
  ScriptedMemory();
  void pass(Milliseconds time) override { scripted_clock.advance(time); }
  std::shared_ptr<Connection> connection() override;
};

std::unique_ptr<StoreUnderTest> memory_under_scripted_clocks();
std::unique_ptr<StoreUnderTest> memory_in_real_time();

}  // namespace exclusive_lock::conformance
