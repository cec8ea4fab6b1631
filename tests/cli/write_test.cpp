// Results reach whoever reads them, however slowly.

#include "cli/output/write.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>

namespace exclusive_lock::cli {
namespace {

// A shell's `exclusive-lock list | node ...` shares a pipe that the other side made non-blocking.
TEST(WriteAll, GoesOnWhereAPipeThatDoesNotBlockIsFull) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
  ASSERT_EQ(::fcntl(ends[0], F_SETFL, 0), 0);  // the reader waits
  const std::string text(1'000'000, 'x');      // a pipe holds 64 KiB, pipe(7)
  std::string read;
  std::thread reader([&] {
    std::array<char, 4096> some{};
    for (ssize_t size = 0; (size = ::read(ends[0], some.data(), some.size())) > 0;) {
      read.append(some.data(), static_cast<std::size_t>(size));
    }
  });
  const std::error_code error = write_all(ends[1], text);
  ::close(ends[1]);
  reader.join();
  ::close(ends[0]);
  EXPECT_FALSE(error) << error.message();
  EXPECT_EQ(read.size(), text.size());
}

TEST(WriteAll, SaysWhyNobodyReads) {
  EXPECT_EQ(write_all(-1, "text"), std::errc::bad_file_descriptor);
  EXPECT_FALSE(write_all(-1, "")) << "nothing to write";
}

}  // namespace
}  // namespace exclusive_lock::cli
