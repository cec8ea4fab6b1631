// The id of the boot, and the time of the machine's own clock (docs/failure_modes.md, 52).

#include "stores/local/machine.hpp"

#include <gtest/gtest.h>

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;

class StoppedClock final : public ClockSource {
 public:
  [[nodiscard]] Instant now() const noexcept override { return Instant(5000s); }
};

TEST(LocalMachine, BootIdIsReadAsBytes) {
  const auto boot = parse_boot_id("00112233-4455-6677-8899-aabbccddeeff\n");
  ASSERT_TRUE(boot);
  EXPECT_EQ(*boot, (BootId{0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb,
                           0xcc, 0xdd, 0xee, 0xff}));
  EXPECT_EQ(parse_boot_id("00112233-4455-6677-8899-aabbccddeeff"), boot);
}

TEST(LocalMachine, WhatIsNoBootIdIsRefused) {
  for (const std::string_view text :
       {"", "\n", "00112233445566778899aabbccddeeff", "00112233-4455-6677-8899-aabbccddeef",
        "00112233-4455-6677-8899-aabbccddeefff", "0011223-34455-6677-8899-aabbccddeeff",
        "g0112233-4455-6677-8899-aabbccddeeff", "00112233-4455-6677-8899-aabbccddee-f"}) {
    EXPECT_FALSE(parse_boot_id(text)) << text;
  }
}

TEST(LocalMachine, BootIdIsKeptAsBytes) {
  const auto boot = parse_boot_id("00112233-4455-6677-8899-aabbccddeeff");
  ASSERT_TRUE(boot);
  EXPECT_EQ(boot_id_of(bytes_of(*boot)), boot);
  EXPECT_FALSE(boot_id_of("")) << "what somebody has planted";
  EXPECT_FALSE(boot_id_of("seventeen letters"));
}

TEST(LocalMachine, OffsetOfATimeNamespaceIsTheBootTimes) {
  EXPECT_EQ(parse_clock_ahead("monotonic           7         8\nboottime         1000         5\n"),
            1000s + 5ns);
  EXPECT_EQ(parse_clock_ahead("monotonic 0 0\nboottime -3 500\n"), -3s + 500ns);
  EXPECT_EQ(parse_clock_ahead("monotonic 1 0\n"), 0ns);
  EXPECT_EQ(parse_clock_ahead(""), 0ns);
  EXPECT_EQ(parse_clock_ahead("boottime x y\n"), 0ns);
}

TEST(LocalMachine, NowIsTheSameInEveryTimeNamespace) {
  const StoppedClock clock;
  Machine machine{.clock = &clock, .boot = {}, .clock_ahead = 1000s, .wall_us = nullptr};
  EXPECT_EQ(machine.now_ns(), std::chrono::nanoseconds(4000s).count());
  machine.clock_ahead = 0ns;
  EXPECT_EQ(machine.now_ns(), std::chrono::nanoseconds(5000s).count());
}

TEST(LocalMachine, ThisMachineHasABootAndAWallClock) {
  const StoppedClock clock;
  const Machine machine = this_machine(clock);
  EXPECT_NE(machine.boot, BootId{});
  EXPECT_EQ(machine.boot, this_machine(clock).boot);
  EXPECT_GT(machine.wall_us(), 1'600'000'000'000'000);  // after September 2020
}

}  // namespace
}  // namespace exclusive_lock
