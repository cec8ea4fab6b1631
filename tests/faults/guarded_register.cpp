#include "faults/guarded_register.hpp"

#include <sys/file.h>

#include <cerrno>
#include <system_error>

namespace exclusive_lock::faults {
namespace {

class Turn {
 public:
  explicit Turn(int descriptor) : descriptor_(descriptor) {
    while (::flock(descriptor_, LOCK_EX) != 0) {
      if (errno != EINTR) {
        throw std::system_error(errno, std::generic_category(), "cannot lock the register");
      }
    }
  }
  ~Turn() { ::flock(descriptor_, LOCK_UN); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  int descriptor_;
};

}  // namespace

bool GuardedRegister::write(int worker, Fence fence) {
  const Instant asked_at = world_now();
  const Turn turn(lines_.descriptor());
  const std::size_t count = lines_.count();
  FenceGate gate(count == 0 ? Fence{} : write_in(lines_.get(count - 1)).highest);
  const bool is_accepted = gate.admit(fence);
  lines_.put(count, line_of(Write{.order = static_cast<std::int64_t>(count) + 1,
                                  .asked_at = asked_at,
                                  .decided_at = world_now(),
                                  .worker = worker,
                                  .fence = fence,
                                  .is_accepted = is_accepted,
                                  .highest = gate.highest()}));
  return is_accepted;
}

bool GuardedRegister::is_free() const {
  if (::flock(lines_.descriptor(), LOCK_EX | LOCK_NB) != 0) {
    return false;
  }
  ::flock(lines_.descriptor(), LOCK_UN);
  return true;
}

}  // namespace exclusive_lock::faults
