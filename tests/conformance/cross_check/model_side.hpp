#pragma once
// The memory store, the specification that all others are held to; or one that was broken.

#include <array>
#include <functional>
#include <memory>
#include <vector>

#include "conformance/cross_check/side.hpp"
#include "conformance/scripted_clock.hpp"
#include "stores/memory/memory_store.hpp"

namespace exclusive_lock::conformance {

class StandingWallClock final : public WallClockSource {
 public:
  [[nodiscard]] StoreTime now() const noexcept override { return now_; }
  void set(StoreTime now) noexcept { now_ = now; }

 private:
  StoreTime now_ = standing_clock_begins_at;
};

class ModelSide final : public Side {
 public:
  // How a client of the store is made; the store's own where nothing is broken.
  using MakeClient = std::function<std::shared_ptr<Store>(std::shared_ptr<MemoryStore>)>;
  explicit ModelSide(MakeClient make_client = [](const std::shared_ptr<MemoryStore>& store) {
    return store->client();
  });

  void begin() override;
  void set_clock(StoreTime now) override { wall_.set(now); }
  [[nodiscard]] const ClockSource& requesters_clock() const override { return clock_; }
  Store& client(std::size_t number) override { return *clients_.at(number); }
  void lose_client(std::size_t number) override;
  void plant(const std::string& key, const std::string& value,
             std::optional<Milliseconds> ttl) override;
  void erase(const std::string& key) override { store_->erase(key); }
  void wipe() override { store_->wipe(); }
  std::vector<std::string> pushes(std::size_t client, std::size_t at_least) override;
  void let_pushes_come() override {}  // they come before a verb returns
  std::string kept(const std::string& key) override;

  // What the clock must not be set to. A key that has ended may be deleted at a server, or be there
  // again when the clock is set back; and at the instant of its end it lives for a millisecond
  // more.
  [[nodiscard]] bool would_revive_something(StoreTime then);
  [[nodiscard]] bool would_end_something(StoreTime then);

 private:
  void open(std::size_t number);

  ScriptedClock clock_;
  StandingWallClock wall_;
  MakeClient make_client_;
  std::shared_ptr<MemoryStore> store_;
  std::array<std::shared_ptr<Store>, clients_of_a_side> clients_;
  std::array<std::vector<std::string>, clients_of_a_side> pushes_;
};

}  // namespace exclusive_lock::conformance
