// G10: wrong options are refused, all of them at once.

#include "core/options_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace exclusive_lock {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""h;

constexpr Milliseconds longest = Milliseconds::max();
constexpr Milliseconds min_value = Milliseconds::min();

Options good_options() {
  Options options;
  options.app_name = "nightly-report";
  // The checks only test that there is one.
  options.cache_connection =
      std::shared_ptr<Connection>(std::shared_ptr<int>(), reinterpret_cast<Connection*>(1));
  return options;
}

std::vector<std::string> fields_of(const std::vector<Mistake>& mistakes) {
  std::vector<std::string> fields;
  for (const auto& mistake : mistakes) {
    EXPECT_FALSE(mistake.problem.empty());
    EXPECT_FALSE(mistake.allowed.empty());
    fields.push_back(mistake.field);
  }
  return fields;
}

std::vector<std::string> wrong_with(void (*change)(Options&)) {
  Options options = good_options();
  change(options);
  return fields_of(mistakes_in(options));
}

std::vector<std::string> wrong_times(Milliseconds ttl, Milliseconds refresh, bool short_ttl) {
  Options options = good_options();
  options.lock_ttl = ttl;
  options.lock_refresh = refresh;
  options.allow_short_ttl = short_ttl;
  return fields_of(mistakes_in(options));
}

TEST(OptionsCheck, TheDefaultsAreGood) { EXPECT_THAT(mistakes_in(good_options()), IsEmpty()); }

TEST(OptionsCheck, TimesOfEveryTypeAreTakenAsTheyAre) {
  using std::chrono::duration;
  constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
  constexpr double infinity = std::numeric_limits<double>::infinity();
  Options options = good_options();
  options.lock_ttl = duration<double>(2.5);
  options.lock_refresh = duration<unsigned>(1);
  EXPECT_THAT(mistakes_in(options), IsEmpty());
  EXPECT_EQ(options.lock_ttl, 2500ms);
  options.lock_ttl = duration<std::int8_t, std::ratio<3600>>(100);
  EXPECT_EQ(options.lock_ttl, 100h);
  EXPECT_THAT(mistakes_in(options), IsEmpty());
  const auto refused = [&](OptionMilliseconds time) {
    options.lock_ttl = time;
    options.lock_refresh = time;
    return fields_of(mistakes_in(options));
  };
  const auto both = ElementsAre("lock_ttl", "lock_refresh");
  EXPECT_THAT(refused(std::chrono::hours::max()), both);
  EXPECT_THAT(refused(std::chrono::hours::min()), both);
  EXPECT_THAT(refused(std::chrono::seconds::max()), both);
  EXPECT_THAT(refused(duration<std::uint64_t>::max()), both);
  EXPECT_THAT(refused(duration<double>(not_a_number)), both);
  EXPECT_THAT(refused(duration<double>(infinity)), both);
  EXPECT_THAT(refused(duration<std::int8_t>(-128)), both);
}

TEST(OptionsCheck, WithoutNameAndConnectionBothAreReported) {
  EXPECT_THAT(fields_of(mistakes_in(Options{})), ElementsAre("app_name", "cache_connection"));
}

TEST(OptionsCheck, AllMistakesAreReportedTogether) {
  Options options;
  options.lock_ttl = 0ms;
  options.lock_refresh = -1ms;
  options.contents_cap = 0;
  options.key_prefix = "a b";
  options.key = "a}b";
  options.label = "\xFF";
  EXPECT_THAT(fields_of(mistakes_in(options)),
              ElementsAre("app_name", "cache_connection", "lock_ttl", "lock_refresh",
                          "contents_cap", "key_prefix", "key", "label"));
}

TEST(OptionsCheck, NameHas1To512Bytes) {
  EXPECT_THAT(wrong_with([](Options& o) { o.app_name = std::string(512, '\0'); }), IsEmpty());
  EXPECT_THAT(wrong_with([](Options& o) { o.app_name = std::string(513, 'x'); }),
              ElementsAre("app_name"));
  EXPECT_THAT(wrong_with([](Options& o) { o.app_name = ""; }), ElementsAre("app_name"));
}

TEST(OptionsCheck, TtlIs100MillisecondsTo7Days) {
  EXPECT_THAT(wrong_times(100ms, 66ms, true), IsEmpty());
  EXPECT_THAT(wrong_times(168h, 1000ms, false), IsEmpty());
  for (const auto ttl : {99ms, 0ms, -1ms, Milliseconds(168h) + 1ms, longest, min_value}) {
    EXPECT_THAT(wrong_times(ttl, 1000ms, false), ElementsAre("lock_ttl")) << ttl.count();
    EXPECT_THAT(wrong_times(ttl, 1000ms, true), ElementsAre("lock_ttl")) << ttl.count();
  }
}

TEST(OptionsCheck, RefreshIs500MillisecondsBelowTtl) {
  EXPECT_THAT(wrong_times(3000ms, 2500ms, false), IsEmpty());
  EXPECT_THAT(wrong_times(3000ms, 2501ms, false), ElementsAre("lock_refresh"));
  EXPECT_THAT(wrong_times(3000ms, 10ms, false), IsEmpty());
  for (const auto refresh : {9ms, 0ms, -1ms, longest, min_value}) {
    EXPECT_THAT(wrong_times(3000ms, refresh, false), ElementsAre("lock_refresh"));
    EXPECT_THAT(wrong_times(3000ms, refresh, true), ElementsAre("lock_refresh"));
    EXPECT_THAT(wrong_times(-1ms, refresh, false), ElementsAre("lock_ttl", "lock_refresh"));
  }
}

TEST(OptionsCheck, ATtlTooShortForAnyRefreshIsItselfTheMistake) {
  EXPECT_THAT(wrong_times(510ms, 10ms, false), IsEmpty());
  EXPECT_THAT(wrong_times(509ms, 10ms, false), ElementsAre("lock_ttl"));
  EXPECT_THAT(wrong_times(300ms, 0ms, false), ElementsAre("lock_ttl", "lock_refresh"));
}

TEST(OptionsCheck, ShortTtlAllowsTwoThirds) {
  EXPECT_THAT(wrong_times(300ms, 200ms, true), IsEmpty());
  EXPECT_THAT(wrong_times(300ms, 201ms, true), ElementsAre("lock_refresh"));
  EXPECT_THAT(wrong_times(300ms, 200ms, false), ElementsAre("lock_ttl"));
  // allow_short_ttl replaces the rule: with a long ttl, two thirds are the stricter limit.
  EXPECT_THAT(wrong_times(3000ms, 2500ms, true), ElementsAre("lock_refresh"));
}

RC_GTEST_PROP(OptionsCheck, TimesFollowTheRuleAndNeverOverflow,
              (std::int64_t ttl, std::int64_t refresh)) {
  const bool are_far = *rc::gen::arbitrary<bool>();
  const Milliseconds lock_ttl(are_far ? ttl : ttl % 5000);
  const Milliseconds lock_refresh(are_far ? refresh : refresh % 5000);
  const bool good = lock_ttl >= 100ms && lock_ttl <= 168h && lock_refresh >= 10ms &&
                    lock_refresh <= 168h && lock_refresh + 500ms <= lock_ttl;
  RC_ASSERT(wrong_times(lock_ttl, lock_refresh, false).empty() == good);
}

TEST(OptionsCheck, ContentsFitTheirCap) {
  EXPECT_THAT(wrong_with([](Options& o) {
                o.contents_cap = 4;
                o.lock_contents = "ab";
              }),
              IsEmpty());
  EXPECT_THAT(wrong_with([](Options& o) {
                o.contents_cap = 3;
                o.lock_contents = "ab";
              }),
              ElementsAre("lock_contents"));
  EXPECT_THAT(wrong_with([](Options& o) { o.lock_contents = std::string(64 * 1024 - 2, 'x'); }),
              IsEmpty());
  EXPECT_THAT(wrong_with([](Options& o) { o.lock_contents = std::string(64 * 1024 - 1, 'x'); }),
              ElementsAre("lock_contents"));
}

TEST(OptionsCheck, ContentsCapIs1ByteTo1Mebibyte) {
  EXPECT_THAT(wrong_with([](Options& o) { o.contents_cap = 1; }), IsEmpty());
  EXPECT_THAT(wrong_with([](Options& o) { o.contents_cap = 1024 * 1024; }), IsEmpty());
  EXPECT_THAT(wrong_with([](Options& o) { o.contents_cap = 1024 * 1024 + 1; }),
              ElementsAre("contents_cap"));
  EXPECT_THAT(wrong_with([](Options& o) { o.contents_cap = 0; }), ElementsAre("contents_cap"));
  EXPECT_THAT(wrong_with([](Options& o) { o.contents_cap = std::string::npos; }),
              ElementsAre("contents_cap"));
}

TEST(OptionsCheck, KeyPrefixHas1To128PlainBytes) {
  EXPECT_THAT(mistakes_in_key_prefix("azAZ09_.:-"), IsEmpty());
  EXPECT_THAT(mistakes_in_key_prefix(std::string(128, 'x')), IsEmpty());
  EXPECT_THAT(fields_of(mistakes_in_key_prefix(std::string(129, 'x'))), ElementsAre("key_prefix"));
  EXPECT_THAT(fields_of(mistakes_in_key_prefix("")), ElementsAre("key_prefix"));
  for (const std::string bad : {"a b", "a{b}", "a*", "a%20", "\xC3\xA4", "a\n"}) {
    EXPECT_THAT(fields_of(mistakes_in_key_prefix(bad)), ElementsAre("key_prefix")) << bad;
  }
  EXPECT_THAT(wrong_with([](Options& o) { o.key_prefix = "{x}"; }), ElementsAre("key_prefix"));
}

TEST(OptionsCheck, KeyHas1To2048Bytes) {
  EXPECT_THAT(wrong_with([](Options& o) { o.key = std::string(2048, 'x'); }), IsEmpty());
  EXPECT_THAT(wrong_with([](Options& o) { o.key = std::string(2049, 'x'); }), ElementsAre("key"));
  EXPECT_THAT(wrong_with([](Options& o) { o.key = ""; }), ElementsAre("key"));
  EXPECT_THAT(wrong_with([](Options& o) { o.key = seed_key("a b"); }), IsEmpty());
  EXPECT_THAT(wrong_with([](Options& o) { o.key = "any {u} bytes\n"; }), IsEmpty());
}

TEST(OptionsCheck, AKeyWithoutRoomForItsFenceIsRefusedWithTheReason) {
  for (const std::string bad : {"a}b", "{}x", "{job}"}) {
    Options options = good_options();
    options.key = bad;
    const auto mistakes = mistakes_in(options);
    ASSERT_THAT(fields_of(mistakes), ElementsAre("key")) << bad;
    EXPECT_NE(mistakes[0].problem.find("fences"), std::string::npos);
  }
}

TEST(OptionsCheck, AKeyThatIsASideKeyIsRefused) {
  for (const std::string bad : {"{exclusive-lock:a}:fence", "x{u}:queue", "{a}:waiters"}) {
    Options options = good_options();
    options.key = bad;
    const auto mistakes = mistakes_in(options);
    ASSERT_THAT(fields_of(mistakes), ElementsAre("key")) << bad;
    EXPECT_NE(mistakes[0].problem.find("side key"), std::string::npos);
  }
}

TEST(OptionsCheck, QueueLimitIs1To1Million) {
  EXPECT_THAT(wrong_with([](Options& o) { o.queue_limit = 1; }), IsEmpty());
  EXPECT_THAT(wrong_with([](Options& o) { o.queue_limit = 1'000'000; }), IsEmpty());
  EXPECT_THAT(wrong_with([](Options& o) { o.queue_limit = 0; }), ElementsAre("queue_limit"));
  EXPECT_THAT(wrong_with([](Options& o) { o.queue_limit = 1'000'001; }),
              ElementsAre("queue_limit"));
}

TEST(OptionsCheck, BargingStreakIs0To1Million) {
  EXPECT_EQ(good_options().barging_limit, 0U) << "fair by default";
  EXPECT_THAT(wrong_with([](Options& o) { o.barging_limit = 1'000'000; }), IsEmpty());
  EXPECT_THAT(wrong_with([](Options& o) { o.barging_limit = 1'000'001; }),
              ElementsAre("barging_limit"));
}

TEST(OptionsCheck, LabelHasUpTo256BytesOfUtf8) {
  EXPECT_THAT(wrong_with([](Options& o) { o.label = std::string(256, 'x'); }), IsEmpty());
  EXPECT_THAT(wrong_with([](Options& o) { o.label = std::string(257, 'x'); }),
              ElementsAre("label"));
  EXPECT_THAT(wrong_with([](Options& o) { o.label = "\xC3"; }), ElementsAre("label"));
}

TEST(OptionsCheck, UserProgramAndCommandHaveBounds) {
  EXPECT_THAT(wrong_with([](Options& o) {
                o.user = std::string(64, 'x');
                o.program = std::string(64, 'x');
                o.command = std::string(1024, 'x');
              }),
              IsEmpty());
  EXPECT_THAT(wrong_with([](Options& o) {
                o.user = std::string(65, 'x');
                o.program = std::string(65, 'x');
                o.command = std::string(1025, 'x');
              }),
              ElementsAre("user", "program", "command"));
}

}  // namespace
}  // namespace exclusive_lock
