#include "exclusive_lock/fence.hpp"

namespace exclusive_lock {

bool FenceGate::admit(Fence fence) noexcept {
  if (fence.value == 0) {
    return false;  // the fence without a hold
  }
  std::uint64_t highest = highest_.load();
  while (fence.value > highest) {
    if (highest_.compare_exchange_weak(highest, fence.value)) {
      return true;
    }
  }
  return fence.value == highest;
}

}  // namespace exclusive_lock
