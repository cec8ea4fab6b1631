#include "runtime/environment.hpp"

#include <sys/random.h>

#include <cerrno>
#include <cstring>
#include <span>
#include <system_error>

namespace exclusive_lock {
namespace {

void fill(std::span<std::uint8_t> bytes) {
  // Up to 256 bytes are given whole, or not at all (getrandom(2)).
  while (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    if (errno != EINTR)
      throw std::system_error(errno, std::generic_category(), "getrandom");
  }
}

}  // namespace

std::array<std::uint8_t, 16> SystemRandomSource::id() {
  std::array<std::uint8_t, 16> bytes{};
  fill(bytes);
  return bytes;
}

double SystemRandomSource::unit() {
  std::array<std::uint8_t, sizeof(std::uint64_t)> bytes{};
  fill(bytes);
  std::uint64_t number = 0;
  std::memcpy(&number, bytes.data(), sizeof(number));
  constexpr int mantissa_bits = 53;
  return static_cast<double>(number >> (64 - mantissa_bits)) /
         static_cast<double>(1ULL << mantissa_bits);
}

}  // namespace exclusive_lock
