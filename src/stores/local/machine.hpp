#pragma once
// What the embedded store must know of the machine: the time by which records expire, which boot it
// counts from, and the wall clock for fences and for people.

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "os/clock.hpp"

namespace exclusive_lock {

// Differs between any two boots, and between any two kernels.
using BootId = std::array<std::uint8_t, 16>;

struct Machine {
  const ClockSource* clock;  // must outlive the store
  BootId boot;
  // How far this process's CLOCK_BOOTTIME is ahead of the machine's: time_namespaces(7). Records
  // hold the machine's, so that a container with a time namespace and its host can share a
  // directory.
  std::chrono::nanoseconds clock_ahead{0};
  std::function<std::int64_t()> wall_us;  // CLOCK_REALTIME, us since 1970

  // The machine's CLOCK_BOOTTIME.
  [[nodiscard]] std::int64_t now_ns() const {
    return (clock->now().time_since_epoch() - clock_ahead).count();
  }
};

// Throws LocalError: unsuitable_store where /proc does not show the boot id, and what hinders
// reading it, such as a process that has no descriptor left.
Machine this_machine(const ClockSource& clock);

// The text of /proc/sys/kernel/random/boot_id; none if it is not a UUID. Pure.
std::optional<BootId> parse_boot_id(std::string_view text);
// The bytes by which tables hold it, and back; none where they cannot be one. Pure.
std::string_view bytes_of(const BootId& boot) noexcept;
std::optional<BootId> boot_id_of(std::string_view bytes) noexcept;
// The text of /proc/self/timens_offsets: "boottime <seconds> <nanoseconds>" in one of its lines; 0
// if there is no such line. Pure.
std::chrono::nanoseconds parse_clock_ahead(std::string_view text);

}  // namespace exclusive_lock
