#include "cli/duration.hpp"

#include <gtest/gtest.h>

namespace exclusive_lock::cli {
namespace {

std::optional<std::int64_t> milliseconds(std::string_view text) {
  const auto parsed = parse_duration(text);
  const auto* duration = std::get_if<Milliseconds>(&parsed);
  return duration != nullptr ? std::optional(std::int64_t{duration->count()}) : std::nullopt;
}

std::string problem(std::string_view text) {
  const auto parsed = parse_duration(text);
  const auto* wrong = std::get_if<DurationProblem>(&parsed);
  return wrong != nullptr ? wrong->text : "";
}

TEST(Duration, NumberAndUnitAreTaken) {
  EXPECT_EQ(milliseconds("0s"), 0);
  EXPECT_EQ(milliseconds("500ms"), 500);
  EXPECT_EQ(milliseconds("2s"), 2'000);
  EXPECT_EQ(milliseconds("1.5s"), 1'500);
  EXPECT_EQ(milliseconds("0.25h"), 900'000);
  EXPECT_EQ(milliseconds("1.500000000000s"), 1'500);
  EXPECT_EQ(milliseconds("0.0000003125d"), 27);
  EXPECT_EQ(milliseconds("10m"), 600'000);
  EXPECT_EQ(milliseconds("10min"), 600'000);
  EXPECT_EQ(milliseconds("1h"), 3'600'000);
  EXPECT_EQ(milliseconds("7d"), 604'800'000);
  EXPECT_EQ(milliseconds("3650d"), 3650LL * 86'400'000);
}

TEST(Duration, UnitsAddUpWithTheLargestFirst) {
  EXPECT_EQ(milliseconds("1m30s"), 90'000);
  EXPECT_EQ(milliseconds("1h30m"), 5'400'000);
  EXPECT_EQ(milliseconds("1d2h3m4s5ms"), 93'784'005);
  EXPECT_EQ(milliseconds("1m1.5s"), 61'500);
  EXPECT_EQ(milliseconds("3649d24h"), 3650LL * 86'400'000);
  EXPECT_EQ(problem("3650d1ms"), "\"3650d1ms\" is too long; at most 3650d");
}

TEST(Duration, BareNumberIsRefusedWithExamples) {
  EXPECT_EQ(problem("10"),
            "\"10\" has no unit; write a number and a unit: 500ms, 2s, 1.5s, 10m, 1h, 7d, or "
            "several: 1h30m");
}

TEST(Duration, NonsenseIsRefused) {
  for (const char* text : {"",     "s",     "ms",    "-1s",  "+1s",         "10x",    "10S",
                           "1 s",  " 1s",   "1s ",   "NaN",  "nan",         "inf",    "infinity",
                           "1e3s", "0x10s", "1.s",   ".5s",  "1..5s",       "1.5.5s", "1,5s",
                           "1h30", "1s\n",  "30m1h", "1m1m", "1m60000ms1s", "1h30mx", "1.5h-3m"}) {
    EXPECT_FALSE(milliseconds(text)) << text;
    EXPECT_FALSE(problem(text).empty()) << text;
  }
}

TEST(Duration, FractionsOfAMillisecondAreRefused) {
  EXPECT_FALSE(milliseconds("0.5ms"));
  EXPECT_FALSE(milliseconds("1.0005s"));
  EXPECT_FALSE(milliseconds("0.0000000000000000001s"));
}

TEST(Duration, OverflowIsRefused) {
  for (const char* text : {"3651d", "3650.1d", "999999999999999s", "9223372036854775807ms",
                           "9223372036854775808ms", "99999999999999999999999999999999h"}) {
    EXPECT_FALSE(milliseconds(text)) << text;
    EXPECT_NE(problem(text).find("too long"), std::string::npos) << text;
  }
}

TEST(Duration, ProblemsAreFitForTerminals) {
  EXPECT_EQ(problem("1\x1b[31m").find('\x1b'), std::string::npos);
}

TEST(Duration, SpokenInAtMostTwoUnits) {
  EXPECT_EQ(duration_text(Milliseconds(-5)), "0 ms");
  EXPECT_EQ(duration_text(Milliseconds(999)), "999 ms");
  EXPECT_EQ(duration_text(Milliseconds(1'000)), "1 s");
  EXPECT_EQ(duration_text(Milliseconds(59'960)), "59.9 s");
  EXPECT_EQ(duration_text(Milliseconds(125'000)), "2 min 5 s");
  EXPECT_EQ(duration_text(Milliseconds(7'200'000)), "2 h");
  EXPECT_EQ(duration_text(Milliseconds(7LL * 86'400'000 + 7'200'000)), "7 d 2 h");
}

}  // namespace
}  // namespace exclusive_lock::cli
