#include "journal.hpp"

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <new>
#include <stdexcept>

#include "system_call.hpp"

namespace exclusive_lock::bench {
namespace {

// A contest of two processes on the embedded store makes some ten thousand lines a second.
constexpr std::size_t max_lines = 1U << 18U;

std::int64_t ns_of(Instant instant) { return instant.time_since_epoch().count(); }

}  // namespace

struct Journal::Shared {
  std::atomic<std::uint32_t> entries{0};  // also a futex(2)
  std::atomic<std::uint32_t> requests{0};
  std::atomic<std::uint32_t> size{0};
  std::atomic<std::int64_t> released_at_ns{0};
  std::array<JournalLine, max_lines> lines;
};

Journal::Journal() : descriptor_(::memfd_create("contest", MFD_CLOEXEC)), shared_(nullptr) {
  if (descriptor_ < 0 || ::ftruncate(descriptor_, sizeof(Shared)) != 0) {
    throw_errno("cannot make shared memory");
  }
  void* memory =
      ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, 0);
  if (memory == MAP_FAILED) {
    throw_errno("cannot map shared memory");
  }
  shared_ = new (memory) Shared;
}

Journal::Journal(int descriptor) : descriptor_(descriptor), shared_(nullptr) {
  void* memory =
      ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, 0);
  if (memory == MAP_FAILED) {
    throw_errno("cannot map shared memory");
  }
  shared_ = static_cast<Shared*>(memory);
}

Journal::~Journal() {
  ::munmap(shared_, sizeof(Shared));
  ::close(descriptor_);
}

void Journal::requesting() { ++shared_->requests; }

std::uint32_t Journal::entered(Instant requested_at, Instant entered_at, std::int64_t client) {
  add({.requested_at_ns = ns_of(requested_at),
       .entered_at_ns = ns_of(entered_at),
       .released_at_ns = shared_->released_at_ns.load(),
       .client = client});
  const std::uint32_t count = ++shared_->entries;
  ::syscall(SYS_futex, &shared_->entries, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
  return count;
}

void Journal::gave_up(Instant requested_at, std::int64_t client) {
  add({.requested_at_ns = ns_of(requested_at),
       .entered_at_ns = 0,
       .released_at_ns = 0,
       .client = client});
}

void Journal::releasing() { shared_->released_at_ns = ns_of(BootClock::now()); }

bool Journal::wait_for_more(std::uint32_t count, Instant deadline) {
  while (shared_->entries.load() <= count) {
    const auto left = deadline - BootClock::now();
    if (left <= left.zero()) {
      return false;
    }
    const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    const timespec limit{.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
    ::syscall(SYS_futex, &shared_->entries, FUTEX_WAIT, count, &limit, nullptr, 0);
  }
  return true;
}

std::uint32_t Journal::requests() const { return shared_->requests.load(); }

std::uint32_t Journal::entries() const { return shared_->entries.load(); }

std::vector<JournalLine> Journal::lines() const {
  const std::size_t size = shared_->size.load();
  if (size > max_lines) {
    throw std::runtime_error("the contest was too long for its journal");
  }
  return {shared_->lines.begin(), shared_->lines.begin() + static_cast<std::ptrdiff_t>(size)};
}

void Journal::clear() {
  shared_->entries = 0;
  shared_->requests = 0;
  shared_->size = 0;
  shared_->released_at_ns = 0;
}

void Journal::add(const JournalLine& line) {
  const std::size_t at = shared_->size++;
  if (at < max_lines) {
    shared_->lines[at] = line;
  }
}

}  // namespace exclusive_lock::bench
