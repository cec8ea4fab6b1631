// Results reach their reader, however slowly it reads.

#include "cli/output/write.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>
#include <thread>

namespace exclusive_lock::cli {
namespace {

// In a shell's `exclusive-lock list | node ...`, the reader may make the shared pipe non-blocking.
TEST(WriteAll, WaitsForAFullNonBlockingPipe) {
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

TEST(WriteAll, ReportsTheError) {
  EXPECT_EQ(write_all(-1, "text"), std::errc::bad_file_descriptor);
  EXPECT_FALSE(write_all(-1, "")) << "nothing to write";
}

class FullPipe {
 public:
  FullPipe() {
    EXPECT_EQ(::pipe2(ends_.data(), O_CLOEXEC | O_NONBLOCK), 0);
    const std::string text(4096, 'x');
    while (::write(ends_[1], text.data(), text.size()) > 0) {
    }
    EXPECT_EQ(::fcntl(ends_[1], F_SETFL, 0), 0);  // blocking, as a shell's pipes are
  }
  ~FullPipe() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  FullPipe(const FullPipe&) = delete;
  FullPipe& operator=(const FullPipe&) = delete;
  [[nodiscard]] int descriptor() const { return ends_[1]; }
  void drain() const {
    std::array<char, 4096> some{};
    while (::read(ends_[0], some.data(), some.size()) > 0) {
    }
  }

 private:
  std::array<int, 2> ends_{};
};

TEST(BoundedWriter, TimesOutOnAFullPipeAndLeavesItBlocking) {
  const FullPipe pipe;
  BoundedWriter writer(pipe.descriptor());
  EXPECT_FALSE(writer.write("text", std::chrono::milliseconds(0)));
  EXPECT_FALSE(writer.write("text", std::chrono::milliseconds(1)));
  EXPECT_EQ(::fcntl(pipe.descriptor(), F_GETFL) & O_NONBLOCK, 0) << "the open file is shared";
  pipe.drain();
  EXPECT_TRUE(writer.write("text", std::chrono::milliseconds(0)));
}

TEST(BoundedWriter, AppendsToASharedRegularFile) {
  const std::string name = testing::TempDir() + "bounded_writer." + std::to_string(::getpid());
  const int file = ::open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  ASSERT_GE(file, 0);
  ::unlink(name.c_str());
  BoundedWriter writer(file);
  EXPECT_FALSE(write_all(file, "one "));
  EXPECT_TRUE(writer.write("two ", std::chrono::milliseconds(0)));
  EXPECT_FALSE(write_all(file, "three"));
  std::array<char, 64> text{};
  const ssize_t size = ::pread(file, text.data(), text.size(), 0);
  EXPECT_EQ(std::string(text.data(), static_cast<std::size_t>(size)), "one two three");
  ::close(file);
}

}  // namespace
}  // namespace exclusive_lock::cli
