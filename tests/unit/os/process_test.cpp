#include "os/process.hpp"

#include <gtest/gtest.h>

#include "live/raw_clone.hpp"

namespace exclusive_lock {
namespace {

using live::not_permitted;
using live::run_in_clone;

TEST(ProcessMark, MadeHereIsOfThisProcess) {
  const ProcessMark mark;
  EXPECT_TRUE(mark.is_of_this_process());
}

TEST(ProcessMark, ForkedCopyIsAnotherProcess) {
  const ProcessMark mark;
  const pid_t child = ::fork();
  if (child == 0)
    ::_exit(mark.is_of_this_process() ? 1 : 0);
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(mark.is_of_this_process());
}

TEST(ProcessMark, RawCloneIsAnotherProcess) {
  const ProcessMark mark;
  EXPECT_EQ(run_in_clone(0, [&] { return mark.is_of_this_process() ? 1 : 0; }), 0);
}

TEST(ProcessMark, CopyWithTheSamePidIsAnotherProcess) {
  const int result = run_in_clone(CLONE_NEWPID, [] {
    const ProcessMark mark;
    const pid_t pid = ::getpid();
    return run_in_clone(CLONE_NEWPID, [&] {
      if (::getpid() != pid)
        return 2;
      return mark.is_of_this_process() ? 1 : 0;
    });
  });
  if (result == not_permitted)
    GTEST_SKIP() << "this user may not make pid namespaces";
  EXPECT_EQ(result, 0);
}

TEST(ProcessMark, MadeInACopyIsOfThatCopy) {
  EXPECT_EQ(run_in_clone(0,
                         [] {
                           const ProcessMark mark;
                           return mark.is_of_this_process() ? 0 : 1;
                         }),
            0);
}

// As the command starts its child: what such a child has is its parent's.
TEST(ProcessMark, ChildThatSharesTheMemoryIsTheSameProcess) {
  struct Seen {
    ProcessMark mark;
    bool is_same = false;
  } seen;
  alignas(16) static char stack[64 * 1024];
  const pid_t child = ::clone(
      [](void* argument) {
        auto* const mine = static_cast<Seen*>(argument);
        mine->is_same = mine->mark.is_of_this_process();
        return 0;
      },
      stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, &seen);
  ASSERT_GT(child, 0);
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(seen.is_same);
  EXPECT_TRUE(seen.mark.is_of_this_process());
}

}  // namespace
}  // namespace exclusive_lock
