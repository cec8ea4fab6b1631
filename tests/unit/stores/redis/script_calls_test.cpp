#include "stores/redis/script_calls.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/record_codec.hpp"
#include "core/request_size.hpp"
#include "exclusive_lock/error.hpp"
#include "unit/stores/redis/replies.hpp"

namespace exclusive_lock::redis {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const Owner owner{.id = {0xAB}, .ticket = 0x1F};
const LockKeys keys{"k", "{k}:fence", "{k}:queue", "{k}:waiters"};
const std::string owner_words = "ab000000000000000000000000000000-000000000000001f";
const std::string owned_record = R"({"owner":")" + owner_words;

std::vector<std::string> words_of(const ScriptCall& call, ScriptForm form = ScriptForm::by_sha,
                                  std::string_view echo = "e") {
  std::vector<std::string> words;
  call.send(form, echo, 99,
            [&words](const Command& command) { words.assign(command.begin(), command.end()); });
  return words;
}

// Behind verb, script and the number of keys.
std::vector<std::string> keys_of(const ScriptCall& call) {
  const auto words = words_of(call);
  return {words.begin() + 3, words.begin() + 3 + std::stoi(words[2])};
}

// Behind the echo and not_after.
std::vector<std::string> arguments_of(const ScriptCall& call) {
  const auto words = words_of(call);
  return {words.begin() + 3 + std::stoi(words[2]) + (call.not_after() ? 2 : 1), words.end()};
}

TEST(ScriptCall, AcquireSaysEverythingInOrder) {
  const AttemptRequest request{.key = "k",
                               .owner = owner,
                               .ttl = 3000ms,
                               .record_tail = ",tail",
                               .floor = Fence{7},
                               .not_after = Instant(5s)};
  const ScriptCall call = acquire_call(request, keys, "c");
  EXPECT_THAT(
      words_of(call, ScriptForm::by_sha, "e1"),
      ElementsAre("EVALSHA", std::string(redis_scripts::acquire.sha1), "4", "k", "{k}:fence",
                  "{k}:queue", "{k}:waiters", "e1", "99", owner_words, "3000", "7", ",tail", "0"));
  EXPECT_THAT(
      words_of(call, ScriptForm::by_text, "e2"),
      ElementsAre("EVAL", std::string(redis_scripts::acquire.text), "4", "k", "{k}:fence",
                  "{k}:queue", "{k}:waiters", "e2", "99", owner_words, "3000", "7", ",tail", "0"));
}

TEST(ScriptCall, CanBeSentAgainInAnotherForm) {
  const ScriptCall call =
      refresh_call(std::vector<RefreshRequest>{{.key = "a", .owner = owner, .ttl = 1s}});
  EXPECT_THAT(words_of(call, ScriptForm::by_sha, "e1"),
              ElementsAre("EVALSHA", std::string(redis_scripts::refresh.sha1), "1", "a", "e1",
                          owned_record, "1000"));
  EXPECT_THAT(words_of(call, ScriptForm::by_text, "e2"),
              ElementsAre("EVAL", std::string(redis_scripts::refresh.text), "1", "a", "e2",
                          owned_record, "1000"));
}

TEST(ScriptCall, WaitOfAcquireComesLast) {
  AttemptRequest request{.key = "k",
                         .owner = owner,
                         .ttl = 3000ms,
                         .record_tail = ",tail",
                         .floor = Fence{7},
                         .not_after = Instant(5s),
                         .barging_limit = 5};
  request.wait_options = WaitOptions{.alive_for = 1500ms, .confirm_ttl = 1400ms, .max_waiting = 9};
  EXPECT_THAT(arguments_of(acquire_call(request, keys, "c")),
              ElementsAre(owner_words, "3000", "7", ",tail", "5", "1500", "1400", "0", "9", "c"));
  request.wait_options->arrived_at = StoreTime(1'700'000'000'000'000);
  EXPECT_THAT(arguments_of(acquire_call(request, keys, "")),
              ElementsAre(owner_words, "3000", "7", ",tail", "5", "1500", "1400",
                          "1700000000000000", "9", ""));
}

TEST(ScriptCall, ReleaseSaysEverythingInOrder) {
  const ReleaseRequest request{.key = "k", .owner = owner, .barging_limit = 5};
  EXPECT_THAT(words_of(release_call(request, keys)),
              ElementsAre("EVALSHA", std::string(redis_scripts::release.sha1), "4", "k",
                          "{k}:fence", "{k}:queue", "{k}:waiters", "e", owner_words, "5"));
}

TEST(ScriptCall, ReleaseSaysWhatIsDoneAndWhatStaysClosed) {
  ReleaseRequest request{.key = "k", .owner = owner, .closed_for = 9s};
  EXPECT_THAT(arguments_of(release_call(request, keys)), ElementsAre(owner_words, "0", "9000"));
  EXPECT_EQ(keys_of(release_call(request, keys)).size(), 4U);
  request.done_for = 1h;
  EXPECT_THAT(arguments_of(release_call(request, keys)),
              ElementsAre(owner_words, "0", "9000", "3600000"));
  EXPECT_EQ(keys_of(release_call(request, keys)).at(4), "{k}:done");
  request.closed_for = std::nullopt;
  EXPECT_THAT(arguments_of(release_call(request, keys)),
              ElementsAre(owner_words, "0", "0", "3600000"));
  request.done_for = 0ms;
  EXPECT_EQ(arguments_of(release_call(request, keys)).back(), "1") << "no server takes a ttl of 0";
}

TEST(ScriptCall, HeartbeatSaysEverythingInOrder) {
  const HeartbeatRequest request{.key = "k", .owner = owner, .ttl = 3000ms, .alive_for = 1500ms};
  EXPECT_THAT(
      words_of(heartbeat_call(request, keys, "c")),
      ElementsAre("EVALSHA", std::string(redis_scripts::heartbeat.sha1), "4", "k", "{k}:fence",
                  "{k}:queue", "{k}:waiters", "e", owner_words, "3000", "1500", "c"));
}

TEST(ScriptCall, KeyWithoutPlaceForOthersBesideItCanBeLookedAtAndRemoved) {
  EXPECT_EQ(lock_keys("k"), keys);
  EXPECT_FALSE(lock_keys("a}b"));
  EXPECT_THAT(keys_of(inspect_call("k", 100)),
              ElementsAre("k", "{k}:queue", "{k}:waiters", "{k}:done"));
  EXPECT_THAT(keys_of(inspect_call("a}b", 100)), ElementsAre("a}b"));
  EXPECT_THAT(keys_of(remove_call("a}b", "v")), ElementsAre("a}b"));
}

TEST(ScriptCall, RefreshTakesManyKeysWithOwnerAndTtlEach) {
  std::vector<RefreshRequest> requests{{.key = "a", .owner = owner, .ttl = 1s},
                                       {.key = "b", .owner = owner, .ttl = 2s}};
  EXPECT_THAT(words_of(refresh_call(requests)),
              ElementsAre("EVALSHA", std::string(redis_scripts::refresh.sha1), "2", "a", "b", "e",
                          owned_record, "1000", owned_record, "2000"));
}

TEST(ScriptReply, NeedsItsEchoAndATimeOrNone) {
  EXPECT_TRUE(has_echo(texts({"e", "17"}), "e"));
  EXPECT_TRUE(has_echo(texts({"e", "-", "released"}), "e"));
  EXPECT_FALSE(has_echo(texts({"f", "17"}), "e"));
  EXPECT_FALSE(has_echo(texts({"f", "-"}), "e"));
  EXPECT_FALSE(has_echo(texts({"e", "x"}), "e"));
  EXPECT_FALSE(has_echo(texts({"e", ""}), "e"));
  EXPECT_FALSE(has_echo(texts({"e"}), "e"));
  EXPECT_FALSE(has_echo(array({text("e"), integer(17)}), "e"));
  EXPECT_FALSE(has_echo(array({integer(1), text("17")}), ""));
  EXPECT_FALSE(has_echo(text("e"), "e"));
}

std::vector<std::string> texts_of(const Reply& reply) {
  const ReplyTexts texts(reply);
  std::vector<std::string> all;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    all.emplace_back(texts[i]);
  }
  return all;
}

TEST(ScriptReply, OneStringIsTakenApartAtItsSpaces) {
  EXPECT_THAT(texts_of(text("e 17 granted 5 3000 0 0")),
              ElementsAre("e", "17", "granted", "5", "3000", "0", "0"));
  EXPECT_THAT(texts_of(text("e - released")), ElementsAre("e", "-", "released"));
  EXPECT_THAT(texts_of(text("")), ElementsAre(""));
  EXPECT_THAT(texts_of(texts({"e", "1 2"})), ElementsAre("e", "1 2"));
}

TEST(ScriptReply, OfAnotherKindHasNoTexts) {
  EXPECT_THAT(texts_of(integer(7)), IsEmpty());
  EXPECT_THAT(texts_of(error("ERR no")), IsEmpty());
  EXPECT_THAT(texts_of(array({text("e"), integer(17)})), IsEmpty());
}

TEST(ScriptReply, LongStringIsNotTakenApartWithoutEnd) {
  EXPECT_EQ(texts_of(text("e 17 granted 5 3000 0 0 x y")).back(), "0 x y");
  EXPECT_FALSE(read_acquire(text("e 17 granted 5 3000 0 0 x")));
  EXPECT_EQ(texts_of(text(std::string(1'000'000, ' '))).size(), 7U);
}

// The runtime counts with it in nanoseconds, which would overflow.
TEST(ScriptTime, IsOneThatCanBeCountedWith) {
  const std::string latest = std::to_string(max_server_time.count());
  EXPECT_EQ(script_time(texts({"e", latest})), max_server_time);
  EXPECT_EQ(script_time(texts({"e", "0"})), StoreTime(0));
  EXPECT_FALSE(script_time(texts({"e", "-"})));
  for (const std::string& odd :
       {std::to_string(max_server_time.count() + 1), std::string("9223372036854775807"),
        std::string("-1"), std::string("-9223372036854775808"),
        std::string("9223372036854775808")}) {
    EXPECT_FALSE(has_echo(texts({"e", odd}), "e")) << odd;
  }
}

// A stranger's key can have a ttl beyond what our clock counts.
TEST(RemainingTtl, IsOneThatCanBeCountedWith) {
  const auto remaining_ttl = [](const std::string& ms) {
    return read_inspect(texts({"e", "17", ms, "v", "0", ""}), "k")
        .value()
        .record.value()
        .remaining_ttl;
  };
  EXPECT_EQ(remaining_ttl("9223372036854775807"), remaining_ttl("9223372036854775806"));
  const Instant expires_at = Instant(24h) + remaining_ttl("9223372036854775807").value();
  EXPECT_GT(expires_at, Instant(24h * 365 * 10));
}

TEST(AcquireReply, SaysAllOutcomes) {
  const auto read = [](const std::string& outcome, const std::string& fence,
                       const std::string& ms) {
    return std::get<AttemptReply>(
        read_acquire(texts({"e", "17", outcome, fence, ms, "0", "0"})).value());
  };
  const AttemptReply granted = read("granted", "1700000000000000", "3000");
  EXPECT_EQ(granted.outcome, AttemptReplyStatus::granted);
  EXPECT_EQ(granted.fence, Fence{1'700'000'000'000'000});
  EXPECT_EQ(granted.remaining_ttl, 3000ms);
  EXPECT_EQ(granted.store_time, StoreTime(17));
  EXPECT_EQ(read("busy", "0", "-1").outcome, AttemptReplyStatus::busy);
  EXPECT_FALSE(read("busy", "0", "-1").remaining_ttl);
  EXPECT_EQ(read("superseded", "5", "1").outcome, AttemptReplyStatus::superseded);
  EXPECT_EQ(read("too_late", "5", "-2").outcome, AttemptReplyStatus::too_late);
  EXPECT_TRUE(std::holds_alternative<BadFence>(
      read_acquire(texts({"e", "17", "bad_fence", "0", "-2", "0", "0"})).value()));
  EXPECT_EQ(read("queue_full", "5", "1").outcome, AttemptReplyStatus::queue_full);
}

TEST(AcquireReply, SaysWhereItWaits) {
  const auto reply = std::get<AttemptReply>(
      read_acquire(texts({"e", "17", "waiting", "5", "20", "3", "1700000000000000"})).value());
  EXPECT_EQ(reply.outcome, AttemptReplyStatus::waiting);
  EXPECT_EQ(reply.position, 3U);
  EXPECT_EQ(reply.arrived_at, StoreTime(1'700'000'000'000'000));
  EXPECT_EQ(reply.remaining_ttl, 20ms);
}

TEST(HeartbeatReplies, SayAllOutcomes) {
  const auto read = [](const std::string& outcome, const std::string& fence, const std::string& ms,
                       const std::string& position) {
    return std::get<HeartbeatReply>(
        read_heartbeat(texts({"e", "17", outcome, fence, ms, position})).value());
  };
  EXPECT_EQ(read("granted", "5", "3000", "0").outcome, HeartbeatReplyStatus::granted);
  EXPECT_EQ(read("granted", "5", "3000", "0").fence, Fence{5});
  const HeartbeatReply waiting = read("waiting", "0", "20", "3");
  EXPECT_EQ(waiting.outcome, HeartbeatReplyStatus::waiting);
  EXPECT_EQ(waiting.position, 3U);
  EXPECT_EQ(waiting.remaining_ttl, 20ms);
  EXPECT_EQ(waiting.store_time, StoreTime(17));
  EXPECT_FALSE(read("waiting", "0", "-1", "1").remaining_ttl);
  EXPECT_EQ(read("gone", "0", "20", "0").outcome, HeartbeatReplyStatus::gone);
  EXPECT_TRUE(std::holds_alternative<BadFence>(
      read_heartbeat(texts({"e", "17", "bad_fence", "0", "-2", "0"})).value()));
}

TEST(HeartbeatReplies, NonsenseIsNoReply) {
  EXPECT_FALSE(read_heartbeat(texts({"e", "17", "granted", "0", "3000", "0"})));  // without a fence
  EXPECT_FALSE(read_heartbeat(texts({"e", "17", "waiting", "0", "3000", "0"})));  // without a place
  EXPECT_FALSE(read_heartbeat(texts({"e", "17", "gone", "0", "3000", "1"})));
  EXPECT_FALSE(read_heartbeat(texts({"e", "17", "left", "0", "3000", "0"})));
  EXPECT_FALSE(read_heartbeat(texts({"e", "17", "gone", "0", "3000"})));
}

TEST(AcquireReply, NonsenseIsNoReply) {
  EXPECT_FALSE(
      read_acquire(texts({"e", "17", "granted", "0", "3000", "0", "0"})));  // a grant has a fence
  EXPECT_FALSE(read_acquire(texts({"e", "17", "granted", "x", "3000", "0", "0"})));
  EXPECT_FALSE(read_acquire(texts({"e", "17", "granted", "1", "", "0", "0"})));
  EXPECT_FALSE(read_acquire(texts({"e", "17", "Granted", "1", "3000", "0", "0"})));
  EXPECT_FALSE(read_acquire(texts({"e", "17", "waiting", "1", "3000", "0", "0"})));  // no place
  EXPECT_FALSE(read_acquire(texts({"e", "17", "granted", "1", "3000"})));
  EXPECT_FALSE(read_acquire(text("granted")));
}

// So that the server can serve others in between.
TEST(RefreshCalls, AreSeveralForManyKeys) {
  EXPECT_EQ(refresh_calls_for(1), 1U);
  EXPECT_EQ(refresh_calls_for(31), 1U);
  EXPECT_EQ(refresh_calls_for(32), 2U);
  EXPECT_EQ(refresh_calls_for(RequestSize::most), RequestSize::steps);
  EXPECT_EQ(refresh_calls_for(RequestSize::most + 1), RequestSize::steps + 1);
}

TEST(RefreshReplies, AddUpInOrder) {
  RefreshReply all;
  EXPECT_TRUE(read_refresh(texts({"e", "1", "rl", "30"}), 2, all));
  EXPECT_TRUE(read_refresh(texts({"e", "2", "r", "12"}), 1, all));
  EXPECT_THAT(all.verdicts, ElementsAre(RefreshReplyStatus::refreshed, RefreshReplyStatus::lost,
                                        RefreshReplyStatus::refreshed));
  EXPECT_EQ(all.store_time, StoreTime(2));
  EXPECT_EQ(all.took, 42us);
  EXPECT_FALSE(read_refresh(texts({"e", "2", "r", "1"}), 2, all));
  EXPECT_FALSE(read_refresh(texts({"e", "2", "m", "1"}), 1, all));
  EXPECT_FALSE(read_refresh(texts({"e", "2", "r", "x"}), 1, all));
  EXPECT_FALSE(read_refresh(texts({"e", "2", "r"}), 1, all));
}

TEST(ReleaseReply, SaysAllVerdicts) {
  EXPECT_EQ(read_release(texts({"e", "1", "left"}))->verdict, ReleaseReplyStatus::left);
  EXPECT_EQ(read_release(texts({"e", "1", "released"}))->verdict, ReleaseReplyStatus::released);
  EXPECT_EQ(read_release(texts({"e", "1", "not_owner"}))->verdict, ReleaseReplyStatus::not_owner);
  EXPECT_FALSE(read_release(texts({"e", "1", "1"})));
}

TEST(ReleaseReply, SaysWithWhichErrorAMarkWasRefused) {
  EXPECT_FALSE(read_release(texts({"e", "1", "released"}))->mark_failure);
  const auto reply = read_release(texts({"e", "1", "released", "NOPERM no rights to set"}));
  ASSERT_TRUE(reply && reply->mark_failure);
  EXPECT_EQ(reply->mark_failure->code, errc::permission_denied);
  EXPECT_FALSE(read_release(texts({"e", "1", "released", "", ""})));
}

TEST(InspectReply, SaysTheMarkAlsoOfAFreeLock) {
  const auto free = read_inspect(texts({"e", "17", "-2", "", "0", "done"}), "k");
  ASSERT_TRUE(free && free->mark);
  EXPECT_FALSE(free->record);
  EXPECT_EQ(free->mark->key, "k");
  EXPECT_EQ(free->mark->value, "done");
  EXPECT_EQ(free->mark->read_at, StoreTime(17));
  EXPECT_TRUE(read_inspect(texts({"e", "17", "20", "v", "0", "done"}), "k")->mark);
  EXPECT_FALSE(read_inspect(texts({"e", "-", "20", "v", "0", "done"}), "k")) << "of what age?";
}

TEST(ForgetReply, SaysWhetherThereWasAMark) {
  EXPECT_TRUE(read_forget(texts({"e", "1", "forgotten"}))->forgotten);
  EXPECT_FALSE(read_forget(texts({"e", "1", "nothing"}))->forgotten);
  EXPECT_FALSE(read_forget(texts({"e", "1", "all"})));
}

TEST(InspectReply, SaysNothingOrTheRecord) {
  EXPECT_FALSE(read_inspect(texts({"e", "1", "-2", "", "0", ""}), "k")->record);
  const auto there = read_inspect(texts({"e", "1", "-1", "", "0", ""}), "k")->record;
  ASSERT_TRUE(there);
  EXPECT_EQ(there->key, "k");
  EXPECT_FALSE(there->remaining_ttl);
  EXPECT_EQ(read_inspect(texts({"e", "1", "20", "v", "0", ""}), "k")->record->remaining_ttl, 20ms);
  EXPECT_FALSE(read_inspect(texts({"e", "1", "soon", "v", "0", ""}), "k"));
  EXPECT_FALSE(read_inspect(texts({"e", "1", "20", "v"}), "k"));
}

TEST(InspectReply, SaysWhoWaits) {
  const auto record =
      read_inspect(texts({"e", "1", "20", "v", "7", "", owner_words, "1700", ",tail"}), "k")
          ->record;
  ASSERT_TRUE(record);
  EXPECT_EQ(record->waiting, 7U);
  ASSERT_EQ(record->waiters.size(), 1U);
  EXPECT_EQ(record->waiters[0].owner, owner);
  EXPECT_EQ(record->waiters[0].arrived_at, StoreTime(1700));
  EXPECT_EQ(record->waiters[0].tail_head, ",tail");
  EXPECT_FALSE(read_inspect(texts({"e", "1", "20", "v", "7", "", owner_words, "1700"}), "k"));
  EXPECT_FALSE(read_inspect(texts({"e", "1", "20", "v", "7", "me", "1700", ""}), "k"));
  EXPECT_FALSE(read_inspect(texts({"e", "1", "20", "v", "7", "", owner_words, "now", ""}), "k"));
}

TEST(RemoveReply, SaysBothVerdicts) {
  EXPECT_TRUE(read_remove(texts({"e", "1", "removed"}))->removed);
  EXPECT_FALSE(read_remove(texts({"e", "1", "different"}))->removed);
  EXPECT_FALSE(read_remove(texts({"e", "1", ""})));
}

// Servers must all compute the same SHA-1, and Lua of all of them read it.
TEST(Scripts, AreAsciiWithoutShebang) {
  for (const auto* script :
       {&redis_scripts::acquire, &redis_scripts::heartbeat, &redis_scripts::refresh,
        &redis_scripts::release, &redis_scripts::inspect, &redis_scripts::remove,
        &redis_scripts::forget}) {
    EXPECT_EQ(script->text.find("@include"), std::string_view::npos) << script->name;
    EXPECT_FALSE(script->text.starts_with("#!")) << script->name;
    EXPECT_EQ(script->sha1.size(), 40U) << script->name;
    for (const char c : script->text) {
      EXPECT_TRUE(c == '\n' || (c >= ' ' && c <= '~')) << script->name;
    }
  }
}

}  // namespace
}  // namespace exclusive_lock::redis
