// Where libFuzzer comes in. FUZZ_TARGET is the function of the target that this is compiled for.

#include "targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  exclusive_lock::fuzz::FUZZ_TARGET({data, size});
  return 0;
}
