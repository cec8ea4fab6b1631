// The Lua guard of include/exclusive_lock/fence.hpp, on real servers.

#include <gtest/gtest.h>

#include <string>

#include "exclusive_lock/fence.hpp"
#include "live/redis_requester.hpp"

namespace exclusive_lock::live {
namespace {

// docs/fencing.md shows this. begin: lua
// True: written. False: a higher fence has written before.
bool write_guarded(RawClient& client, const std::string& value, Fence fence) {
  return client.integer({"EVAL", std::string(fence_guard_lua()), "2", "report", "{report}:highest",
                         std::to_string(fence.value), value}) == 1;
}
// end: lua

const std::string guarded = "report";
const std::string highest = "{report}:highest";

class FenceGuardLua : public ::testing::TestWithParam<ServerKind> {
 protected:
  Reply eval(const std::string& fence, const std::string& value) {
    return client_.command(
        {"EVAL", std::string(fence_guard_lua()), "2", guarded, highest, fence, value});
  }
  std::string value() { return client_.text({"GET", guarded}); }
  std::string kept_fence() { return client_.text({"GET", highest}); }

  Server server_{{.kind = GetParam()}};
  RawClient client_ = server_.client();
};

TEST_P(FenceGuardLua, WritesWithTheFirstFenceAndHigherOnes) {
  EXPECT_TRUE(write_guarded(client_, "a", Fence{5}));
  EXPECT_EQ(value(), "a");
  EXPECT_TRUE(write_guarded(client_, "b", Fence{6}));
  EXPECT_EQ(value(), "b");
  EXPECT_EQ(kept_fence(), "6");
}

TEST_P(FenceGuardLua, WritesAgainWithTheSameFence) {
  EXPECT_TRUE(write_guarded(client_, "a", Fence{5}));
  EXPECT_TRUE(write_guarded(client_, "b", Fence{5}));
  EXPECT_EQ(value(), "b");
}

TEST_P(FenceGuardLua, RefusesALowerFence) {
  EXPECT_TRUE(write_guarded(client_, "a", Fence{6}));
  EXPECT_FALSE(write_guarded(client_, "late", Fence{5}));
  EXPECT_EQ(value(), "a");
  EXPECT_EQ(kept_fence(), "6");
}

TEST_P(FenceGuardLua, ComparesAsNumbersAndExactlyAbove2To53) {
  EXPECT_TRUE(write_guarded(client_, "a", Fence{9}));
  EXPECT_TRUE(write_guarded(client_, "b", Fence{10}));
  EXPECT_FALSE(write_guarded(client_, "late", Fence{9}));
  EXPECT_TRUE(write_guarded(client_, "c", Fence{9007199254740993}));
  EXPECT_FALSE(write_guarded(client_, "late", Fence{9007199254740992}));
  EXPECT_TRUE(write_guarded(client_, "d", Fence{18446744073709551615U}));
  EXPECT_FALSE(write_guarded(client_, "late", Fence{18446744073709551614U}));
  EXPECT_EQ(kept_fence(), "18446744073709551615");
}

// The script compares them in two halves, the lower one of ten digits.
TEST_P(FenceGuardLua, HigherDigitsDecideWhateverTheLowerOnesAre) {
  EXPECT_TRUE(write_guarded(client_, "a", Fence{19'999'999'999}));
  EXPECT_TRUE(write_guarded(client_, "b", Fence{20'000'000'000}));
  EXPECT_FALSE(write_guarded(client_, "late", Fence{19'999'999'999}));
  EXPECT_EQ(value(), "b");
  EXPECT_EQ(kept_fence(), "20000000000");
}

TEST_P(FenceGuardLua, AnythingButAFenceIsAnErrorAndWritesNothing) {
  for (const std::string wrong : {"0", "", "-1", "+1", "01", "1.5", "1e3", "abc", " 1", "1 ",
                                  "0x10", "nan", "100000000000000000000000"}) {
    EXPECT_TRUE(eval(wrong, "x").is_error("ERR")) << wrong;
    EXPECT_TRUE(client_.command({"GET", guarded}).is_null()) << wrong;
    EXPECT_TRUE(client_.command({"GET", highest}).is_null()) << wrong;
  }
}

TEST_P(FenceGuardLua, ABrokenCounterIsAnErrorAndWritesNothing) {
  client_.must({"SET", guarded, "old"});
  // Some of them are numbers below 7, and no fences.
  for (const std::string broken : {"abc", "", "0", "-1", "1.5", "06", " 6"}) {
    client_.must({"SET", highest, broken});
    const Reply reply = eval("7", "x");
    EXPECT_TRUE(reply.is_error("ERR")) << broken;
    EXPECT_NE(reply.text.find("not a fence"), std::string::npos) << reply.text;
    EXPECT_EQ(kept_fence(), broken);
  }
  client_.must({"DEL", highest});
  client_.must({"RPUSH", highest, "1"});
  EXPECT_EQ(eval("7", "x").type, Reply::Type::error);
  EXPECT_EQ(value(), "old");
}

TEST_P(FenceGuardLua, KeepsItsFenceForeverAndAnyBytes) {
  const std::string bytes("\0\r\n\xFF", 4);
  EXPECT_TRUE(write_guarded(client_, bytes, Fence{5}));
  EXPECT_EQ(value(), bytes);
  EXPECT_EQ(client_.integer({"PTTL", highest}), -1);
}

TEST_P(FenceGuardLua, RefusesTheLateHolderOfARealLock) {
  RedisRequester requester(server_);
  const std::string key = "exclusive-lock:report";
  const Owner late = new_owner();
  const Fence late_fence = requester.attempt(key, late).fence;
  ASSERT_EQ(requester.release(key, late), ReleaseReplyStatus::released);
  const Fence fence = requester.attempt(key, new_owner()).fence;
  EXPECT_TRUE(write_guarded(client_, "by the new holder", fence));
  EXPECT_FALSE(write_guarded(client_, "by the late one", late_fence));
  EXPECT_EQ(value(), "by the new holder");
}

INSTANTIATE_TEST_SUITE_P(Servers, FenceGuardLua, testing::ValuesIn(servers_to_test()),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace exclusive_lock::live
