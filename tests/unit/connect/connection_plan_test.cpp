// G10 and G11: what connect() checks before it contacts anything.

#include "connect/connection_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

namespace exclusive_lock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""h;

std::optional<std::string> no_environment(const std::string&) { return std::nullopt; }

std::optional<std::string> one_variable(const std::string& name) {
  return name == "LOCK_SECRET" ? std::optional<std::string>("bob:hunter2\n") : std::nullopt;
}

struct Refusal {
  std::vector<std::string> fields;
  std::string what;
};

Refusal refusal_of(std::string_view url, const ConnectOptions& options,
                   const Environment& environment = no_environment) {
  Refusal refusal;
  try {
    plan_connection(url, options, environment);
  } catch (const ValidationError& error) {
    refusal.what = error.what();
    for (const auto& mistake : error.mistakes()) {
      refusal.fields.push_back(mistake.field);
    }
  }
  return refusal;
}

std::vector<std::string> wrong_fields(std::string_view url, const ConnectOptions& options,
                                      const Environment& environment = no_environment) {
  return refusal_of(url, options, environment).fields;
}

class CredentialsFile : public ::testing::Test {
 protected:
  CredentialsFile() {
    std::string pattern = (std::filesystem::temp_directory_path() / "credentials-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) {
      throw std::runtime_error("no temporary directory");
    }
    folder_ = pattern;
  }
  ~CredentialsFile() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path file_with(const std::string& text) {
    std::ofstream(folder_ / "file", std::ios::binary) << text;
    return folder_ / "file";
  }

  std::optional<Credentials> credentials_with(const std::string& text) {
    const auto plan =
        plan_connection("redis://h", {.credentials_file = file_with(text)}, no_environment);
    return std::get<RedisUrl>(plan.url).credentials;
  }

  Refusal refusal_with(const std::string& text) {
    return refusal_of("redis://h", {.credentials_file = file_with(text)});
  }

  std::filesystem::path folder_;
};

TEST(ConnectionPlan, DefaultsAreGoodForEveryStore) {
  for (const std::string url : {"local:", "memory:", "redis://h", "rediss://h", "unix:///p"}) {
    EXPECT_THAT(wrong_fields(url, {}), IsEmpty()) << url;
  }
  EXPECT_EQ(plan_connection("memory:", {}, no_environment).client_name, "exclusive-lock");
}

TEST(ConnectionPlan, UrlAndOptionsAreRefusedTogether) {
  EXPECT_THAT(wrong_fields("redis://h:0/x", {.connect_timeout = 0ms,
                                             .command_timeout = -1ms,
                                             .credentials_variable = "LOCK_SECRET",
                                             .ca_file = "/ca.pem",
                                             .client_name = "a b"}),
              ElementsAre("store URL: port", "store URL: database", "connect_timeout",
                          "command_timeout", "client_name", "ca_file", "credentials_variable"));
}

// Nothing is read: a pipe with credentials could be read only once.
TEST(ConnectionPlan, MistakesAreFoundWithoutLookingAtCredentials) {
  ConnectOptions options;
  options.credentials_file = "/nowhere/credentials";
  EXPECT_THAT(mistakes_in_connection("redis://host", options), IsEmpty());
  options.connect_timeout = 1ms;
  const auto mistakes = mistakes_in_connection("redis://user:password@host:0x", options);
  std::vector<std::string> fields;
  for (const Mistake& mistake : mistakes) {
    fields.push_back(mistake.field);
  }
  EXPECT_THAT(fields, ElementsAre("store URL: port", "connect_timeout", "credentials"));
  EXPECT_THAT(mistakes_in_connection("local:", {}), IsEmpty());
}

TEST(ConnectionPlan, TimeoutsAre10MillisecondsTo1Hour) {
  for (const auto good : {10ms, std::chrono::milliseconds(1h)}) {
    EXPECT_THAT(wrong_fields("memory:", {.connect_timeout = good, .command_timeout = good}),
                IsEmpty());
  }
  for (const auto bad : {9ms, std::chrono::milliseconds(1h) + 1ms, -1ms,
                         std::chrono::milliseconds::max(), std::chrono::milliseconds::min()}) {
    EXPECT_THAT(wrong_fields("memory:", {.connect_timeout = bad, .command_timeout = bad}),
                ElementsAre("connect_timeout", "command_timeout"));
  }
  constexpr double infinity = std::numeric_limits<double>::infinity();
  EXPECT_THAT(wrong_fields("memory:", {.connect_timeout = std::chrono::hours::max(),
                                       .command_timeout = std::chrono::duration<double>(infinity)}),
              ElementsAre("connect_timeout", "command_timeout"));
}

TEST(ConnectionPlan, ClientNameIsPrintableAsciiWithoutSpaces) {
  EXPECT_EQ(plan_connection("memory:", {.client_name = "worker-7!~"}, no_environment).client_name,
            "worker-7!~");
  EXPECT_THAT(wrong_fields("memory:", {.client_name = std::string(128, 'x')}), IsEmpty());
  EXPECT_THAT(wrong_fields("memory:", {.client_name = std::string(129, 'x')}),
              ElementsAre("client_name"));
  for (const std::string bad : {"a b", "a\n", "\x7F", "\xC3\xA4"}) {
    EXPECT_THAT(wrong_fields("memory:", {.client_name = bad}), ElementsAre("client_name"));
  }
  EXPECT_THAT(wrong_fields("memory:", {.client_name = std::string(1, '\0')}),
              ElementsAre("client_name"));
}

TEST(ConnectionPlan, CaFileIsForTlsOnly) {
  EXPECT_THAT(wrong_fields("rediss://h", {.ca_file = "/ca.pem"}), IsEmpty());
  for (const std::string url : {"local:", "memory:", "redis://h", "unix:///p"}) {
    EXPECT_THAT(wrong_fields(url, {.ca_file = "/ca.pem"}), ElementsAre("ca_file")) << url;
  }
}

TEST(ConnectionPlan, CredentialsComeFromOneSourceAtMost) {
  const ConnectOptions variable{.credentials_variable = "LOCK_SECRET"};
  EXPECT_THAT(wrong_fields("redis://bob:pw@h", variable, one_variable), ElementsAre("credentials"));
  EXPECT_THAT(
      wrong_fields("redis://h", {.credentials_file = "/f", .credentials_variable = "LOCK_SECRET"},
                   one_variable),
      ElementsAre("credentials"));
  EXPECT_THAT(
      refusal_of("redis://bob:hunter2@h",
                 {.credentials_file = "/f", .credentials_variable = "LOCK_SECRET"}, one_variable)
          .what,
      HasSubstr("come from 3 sources"));
}

TEST(ConnectionPlan, CredentialsAreForServersOnly) {
  for (const std::string url : {"local:", "memory:"}) {
    EXPECT_THAT(wrong_fields(url, {.credentials_file = "/f", .credentials_variable = "V"}),
                ElementsAre("credentials_file", "credentials_variable"));
  }
}

TEST(ConnectionPlan, CredentialsOfTheUrlAreTaken) {
  const auto plan = plan_connection("redis://bob:hunter2@h", {}, no_environment);
  EXPECT_EQ(std::get<RedisUrl>(plan.url).credentials, (Credentials{"bob", "hunter2"}));
}

TEST(CredentialsVariable, IsReadOnceItIsNamed) {
  for (const std::string url : {"redis://h", "rediss://h", "unix:///p"}) {
    const auto plan = plan_connection(url, {.credentials_variable = "LOCK_SECRET"}, one_variable);
    EXPECT_EQ(std::get<RedisUrl>(plan.url).credentials, (Credentials{"bob", "hunter2"}));
  }
}

TEST(CredentialsVariable, NotSetIsAMistake) {
  const auto refusal = refusal_of("redis://h", {.credentials_variable = "hunter2"}, no_environment);
  EXPECT_THAT(refusal.fields, ElementsAre("credentials_variable"));
  EXPECT_THAT(refusal.what, HasSubstr("not set"));
  EXPECT_THAT(refusal.what, Not(HasSubstr("hunter2")));  // the value was passed as the name
}

TEST(CredentialsVariable, ANameThatNoneCanHaveIsAMistake) {
  for (const std::string name : {"A=B", "A\nB"}) {
    EXPECT_THAT(refusal_of("redis://h", {.credentials_variable = name}).what,
                HasSubstr("is not the name of a variable"));
  }
}

TEST(CredentialsVariable, EmptyIsAMistake) {
  const auto empty = [](const std::string&) { return std::optional<std::string>(""); };
  EXPECT_THAT(refusal_of("redis://h", {.credentials_variable = "V"}, empty).what,
              HasSubstr("is empty"));
}

TEST_F(CredentialsFile, HoldsPasswordOrUserAndPassword) {
  EXPECT_EQ(credentials_with("hunter2"), (Credentials{"", "hunter2"}));
  EXPECT_EQ(credentials_with("hunter2\n"), (Credentials{"", "hunter2"}));
  EXPECT_EQ(credentials_with("hunter2\r\n"), (Credentials{"", "hunter2"}));
  EXPECT_EQ(credentials_with("bob:hunter2\n"), (Credentials{"bob", "hunter2"}));
  EXPECT_EQ(credentials_with("bob:hun:ter2"), (Credentials{"bob", "hun:ter2"}));
  EXPECT_EQ(credentials_with(":hun:ter2"), (Credentials{"", "hun:ter2"}));
  EXPECT_EQ(credentials_with("bob:\n"), (Credentials{"bob", ""}));
  EXPECT_EQ(credentials_with(" p@/?# \xC3\xA4%20"), (Credentials{"", " p@/?# \xC3\xA4%20"}));
}

TEST_F(CredentialsFile, OtherTextIsRefusedAndNotShown) {
  for (const std::string& text :
       {std::string("hunter2\n\n"), std::string("hunter2\nmore"), std::string("hunter2\0", 8),
        std::string("hunter2\t"), "hunter2" + std::string(4096, 'x')}) {
    const auto refusal = refusal_with(text);
    EXPECT_THAT(refusal.fields, ElementsAre("credentials_file")) << text;
    EXPECT_THAT(refusal.what, Not(HasSubstr("hunter2")));
  }
  for (const std::string text : {"", "\n", "\r\n", ":", ":\n"}) {
    EXPECT_THAT(refusal_with(text).what, HasSubstr("is empty")) << text;
  }
}

TEST_F(CredentialsFile, SizeIsCapped) {
  EXPECT_EQ(credentials_with(std::string(4096, 'x') + "\r\n")->password.size(), 4096U);
  EXPECT_THAT(refusal_with(std::string(4097, 'x')).what, HasSubstr("more than 4096 bytes"));
  EXPECT_THAT(refusal_with(std::string(1'000'000, '\n')).what, HasSubstr("more than 4096 bytes"));
}

TEST_F(CredentialsFile, MissingFileAndDirectoryAreRefused) {
  EXPECT_THAT(refusal_of("redis://h", {.credentials_file = folder_ / "absent"}).what,
              HasSubstr("cannot be read: No such file"));
  EXPECT_THAT(refusal_of("redis://h", {.credentials_file = folder_}).what,
              HasSubstr("is neither a file nor a pipe"));
  EXPECT_THAT(refusal_of("redis://h", {.credentials_file = "/dev/zero"}).what,
              HasSubstr("is neither a file nor a pipe"));
}

TEST_F(CredentialsFile, MayBeAPipe) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const std::string text = "bob:hunter2\n";
  ASSERT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  ::close(ends[1]);
  const auto plan = plan_connection(
      "redis://h", {.credentials_file = "/dev/fd/" + std::to_string(ends[0])}, no_environment);
  ::close(ends[0]);
  EXPECT_EQ(std::get<RedisUrl>(plan.url).credentials, (Credentials{"bob", "hunter2"}));
}

}  // namespace
}  // namespace exclusive_lock
