// Text from others never reaches a terminal raw (G11), and JSON output is always valid.

#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <chrono>
#include <sstream>

#include "cli/command_fixture.hpp"
#include "cli/pty.hpp"
#include "core/done_mark.hpp"
#include "core/record_codec.hpp"
#include "fuzz/property.hpp"
#include "live/fake_redis.hpp"
#include "live/server.hpp"

namespace exclusive_lock::cli_test {
namespace {

using ::testing::HasSubstr;

// Sets the clipboard, clears the screen, overwrites the line, has an 8-bit CSI, changes the text
// direction in every way, ends the line and the paragraph.
const std::string hostile =
    "\x1b]52;c;aGk=\x07\x1b[2J\rovertype\u009b31m\u202etxt\x7f\u061c\u200e\u200f\u2028\u2029"
    "\u202a\u202b\u202c\u202d\u2066\u2067\u2068\u2069";
// An 8-bit CSI of one byte, bytes that are invalid in UTF-8, a truncated sequence, an overlong
// escape, a surrogate.
const std::string no_utf8 =
    "\x9b"
    "31m\xff\xfe\xe2\x80 \xc0\x9b\xed\xa0\x80";
// How the command shows the beginning of `hostile`.
const std::string shown_hostile = R"(\x1b]52;c;aGk=\x07)";

// As strict as the fuzz targets, which reject more than the contents of `hostile`.
bool is_fit(const std::string& output) {
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    if (!fuzz::is_fit_for_terminal(line)) {
      return false;
    }
  }
  return true;
}

void expect_fit(const Ended& ended, const Arguments& arguments) {
  EXPECT_TRUE(is_fit(ended.out)) << ::testing::PrintToString(arguments) << ended.out;
  EXPECT_TRUE(is_fit(ended.err)) << ::testing::PrintToString(arguments) << ended.err;
  EXPECT_NE(ended.out + ended.err, "") << ::testing::PrintToString(arguments);
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

// A record's tail as the library writes it, with any host name.
std::string tail_of(const std::string& host, const std::string& label) {
  return encode_record_tail(
      {.ttl = Milliseconds(60'000), .host = host, .pid = 7, .label = label, .contents_text = "1"});
}
std::string record_of(const std::string& tail) {
  return encode_record(Owner{.id = {1, 2, 3}, .ticket = 1}, Fence{5}, 1'700'000'000'000'000, tail);
}
// A tail by another program: bytes that JSON has to escape, unescaped.
std::string raw_tail() { return replaced(tail_of("HERE", "HERE"), "HERE", hostile + no_utf8); }
// Bytes that JSON allows unescaped, so every reader accepts the record.
std::string lenient_tail() {
  return replaced(tail_of("HERE", "HERE"), "HERE", "\x7f\u009b31m\u202etxt\u2028\u2066");
}

class UntrustedText : public CommandTest {
 protected:
  void SetUp() override { store_ = server_.url(); }
  // Writes a record as the original package, or any client, may do.
  void write_record(const std::string& key, const std::string& value) {
    server_.client().must({"SET", key, value, "PX", "100000"});
  }

  live::Server server_;
};

// G12. A client of the server may write any mark of a run.
TEST_F(UntrustedText, OfAMarkNeverReachesPeopleRaw) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto now_us = std::chrono::duration_cast<StoreTime>(now);
  for (const std::string& tail : {tail_of(hostile, hostile), lenient_tail(), raw_tail()}) {
    const std::string record =
        encode_record(Owner{.id = {1, 2, 3}, .ticket = 1}, Fence{5}, now_us.count(), tail);
    write_record("{exclusive-lock:job}:done", encode_done_mark(record, now_us));
    for (const Arguments& arguments :
         {Arguments{"inspect", "job"}, Arguments{"inspect", "job", "--json"},
          Arguments{"list", "--json"},
          Arguments{"run", "job", "--once-per", "1h", "--", "echo", "ran"}}) {
      expect_fit(command(arguments), arguments);
    }
  }
}

TEST_F(UntrustedText, NeverReachesPeopleRaw) {
  const std::string contents = R"({"a":"\u001b[2J)" + std::string("\u009b\u202e\x7f") + "\"}";
  ASSERT_EQ(command({"acquire", "own", "--label", hostile, "--contents", contents}).exit_code, 0);
  ASSERT_EQ(command({"acquire", "--", hostile}).exit_code, 0);
  write_record("exclusive-lock:strange", hostile + "\xff\xfe");
  write_record("exclusive-lock:" + hostile, hostile);
  for (const Arguments& arguments :
       {Arguments{"list"}, Arguments{"inspect", "own"}, Arguments{"inspect", "strange"},
        Arguments{"inspect", hostile}, Arguments{"run", "own", "-n", "--", "true"},
        Arguments{"run", "strange", "-n", "--", "true"},
        Arguments{"run", hostile, "-n", "--", "true"}, Arguments{"release", "own", "--force"},
        Arguments{"refresh", hostile, "--owner", hostile}, Arguments{"run", "x", "--" + hostile},
        Arguments{hostile}, Arguments{"list", "--store", hostile},
        Arguments{"run", "free", "--", hostile},
        Arguments{"run", "free", "--wait", hostile, "--", "true"},
        Arguments{"inspect", "own", "--json"}, Arguments{"inspect", "strange", "--json"},
        Arguments{"list", "--json"}}) {
    expect_fit(command(arguments), arguments);
  }
}

TEST_F(UntrustedText, OfArgumentsThatAreNoUtf8IsNotShownRaw) {
  const std::string bytes = hostile + no_utf8;
  ASSERT_EQ(command({"acquire", "--", bytes}).exit_code, 0);
  write_record("exclusive-lock:" + bytes,
               bytes);  // a key that no name has: the library escapes names
  for (const Arguments& arguments :
       {Arguments{"list"}, Arguments{"list", "--json"},
        Arguments{"acquire", "free", "--label", bytes}, Arguments{"inspect", bytes},
        Arguments{"inspect", bytes, "--json"}, Arguments{"run", bytes, "-n", "--", "true"},
        Arguments{"run", "x", "--" + bytes}, Arguments{bytes}, Arguments{"list", "--store", bytes},
        Arguments{"list", "--store", "redis://" + bytes}, Arguments{"run", "free", "--", bytes},
        Arguments{"run", "free", "--ttl", bytes, "--", "true"},
        Arguments{"acquire", "free", "--contents", bytes}, Arguments{"list", "--key-prefix", bytes},
        Arguments{"refresh", bytes, "--owner", bytes},
        Arguments{"list", "--credentials-file", "/" + bytes}}) {
    expect_fit(command(arguments), arguments);
  }
}

// Records in the library's format, with a host and a label that any client of the server may have
// written.
TEST_F(UntrustedText, OfAHolderIsNotShownRaw) {
  write_record("exclusive-lock:own", record_of(tail_of(hostile, hostile)));
  write_record("exclusive-lock:bytes", record_of(tail_of(hostile + no_utf8, hostile + no_utf8)));
  write_record("exclusive-lock:raw", record_of(raw_tail()));
  write_record("exclusive-lock:lenient", record_of(lenient_tail()));
  write_record("exclusive-lock:newer",
               replaced(record_of(tail_of(hostile, hostile)), R"("version":1)", R"("version":2)"));
  for (const std::string name : {"own", "bytes", "raw", "lenient", "newer"}) {
    for (const Arguments& arguments :
         {Arguments{"inspect", name}, Arguments{"inspect", name, "--json"},
          Arguments{"run", name, "-n", "--", "true"}, Arguments{"acquire", name, "-n"},
          Arguments{"release", name, "--force"}, Arguments{"release", name, "--force", "--yes"}}) {
      if (name == "own" && arguments[0] == "inspect" && arguments.size() == 2) {
        EXPECT_THAT(command(arguments).out, HasSubstr("by        " + shown_hostile));
      }
      if (name == "own" && arguments[0] == "release") {
        expect_fit(command({"list"}), {"list"});
        expect_fit(command({"list", "--json"}), {"list", "--json"});
      }
      expect_fit(command(arguments), arguments);
    }
  }
}

TEST_F(UntrustedText, OfWaitersIsNotShownRaw) {
  write_record("exclusive-lock:job", record_of(tail_of("host", "label")));
  auto client = server_.client();
  const std::vector<std::string> tails{tail_of(hostile, hostile),
                                       tail_of(hostile + no_utf8, no_utf8), raw_tail(),
                                       lenient_tail(), hostile + no_utf8};
  for (std::size_t i = 0; i < tails.size(); ++i) {
    const std::string id = std::string(31, '0') + std::to_string(i);
    const std::string place = std::to_string(1'700'000'000'000'000 + i);
    client.must(
        {"ZADD", "{exclusive-lock:job}:queue", place,
         "2" + id + "-0000000000000001 " + place + " " + place + " 60000 60000 0 0  " + tails[i]});
  }
  const Ended ended = command({"inspect", "job"});
  EXPECT_THAT(ended.out, HasSubstr("1. " + shown_hostile));
  EXPECT_THAT(ended.out, HasSubstr("5. "));
  expect_fit(ended, {"inspect"});
  const Ended json = command({"inspect", "job", "--json"});
  expect_fit(json, {"inspect", "--json"});
  EXPECT_EQ(boost::json::parse(json.out).at("waiters").as_array().size(), tails.size());
  expect_fit(command({"run", "job", "-n", "--", "true"}), {"run"});
}

// Runs commands against a server that sends `answer`; expects `what` in their errors.
class UntrustedServer : public UntrustedText {
 protected:
  void expect_reported(const live::FakeRedis::Answer& answer, const std::string& what) {
    const live::FakeRedis fake(answer);
    store_ = "redis://127.0.0.1:" + std::to_string(fake.port());
    const std::string owner = owner_text(Owner{.id = {1}, .ticket = 1});
    for (const Arguments& arguments :
         {Arguments{"run", "job", "-n", "-v", "--", "true"}, Arguments{"inspect", "job", "--json"},
          Arguments{"acquire", "job", "-n"}, Arguments{"refresh", "job", "--owner", owner},
          Arguments{"release", "job", "--owner", owner}, Arguments{"list"}}) {
      const Ended ended = command(arguments);
      expect_fit(ended, arguments);
      EXPECT_THAT(ended.err, HasSubstr(what)) << ::testing::PrintToString(arguments);
    }
  }
  static std::string long_error(const std::string& text) {
    return "!" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
  }
};

using Words = std::vector<std::string>;

TEST_F(UntrustedServer, WhoseRefusalOfHelloIsHostile) {
  for (const std::string code : {"ERR ", "NOPERM ", "WRONGPASS ", "NOPROTO ", ""}) {
    const std::string error = long_error(code + hostile + no_utf8);
    expect_reported([&](const Words&) { return error; }, shown_hostile);
  }
  const std::string line = "-ERR " + replaced(hostile, "\r", "") + no_utf8 + "\r\n";
  expect_reported([&](const Words&) { return line; }, shown_hostile);
}

TEST_F(UntrustedServer, WhoseScriptsFailInAHostileWay) {
  for (const std::string code : {"ERR ", "NOPERM ", "WRONGTYPE ", "OOM ", "MOVED ", ""}) {
    const std::string error = long_error(code + hostile + no_utf8);
    expect_reported(
        [&](const Words& words) {
          return words[0] == "EVALSHA" || words[0] == "EVAL" || words[0] == "SCAN"
                     ? error
                     : live::FakeRedis::healthy(words);
        },
        shown_hostile);
  }
}

TEST_F(UntrustedServer, ThatCallsItselfSomethingHostile) {
  expect_reported(
      [](const Words& words) {
        return words[0] == "HELLO" ? live::FakeRedis::greeting(hostile + no_utf8, hostile + no_utf8)
                                   : live::FakeRedis::healthy(words);
      },
      "");
}

TEST_F(UntrustedServer, ThatSpeaksSomethingElse) {
  const live::FakeRedis fake([](const Words&) { return hostile + no_utf8 + "\r\n"; });
  store_ = "redis://127.0.0.1:" + std::to_string(fake.port());
  const Arguments arguments{"inspect", "job", "-v", "--connect-timeout", "300ms"};
  const Ended ended = command(arguments);
  EXPECT_NE(ended.exit_code, 0);
  expect_fit(ended, arguments);
}

TEST_F(UntrustedText, NeverReachesTheStatusLineRaw) {
  write_record("exclusive-lock:job", record_of(tail_of(hostile + no_utf8, hostile)));
  Pty pty;
  Invocation all = invocation(under_lock("job", {"--wait", "700ms"}, "true"),
                              {{"TERM", "xterm"}, {"NO_COLOR", "1"}});
  all.terminal = pty.program_end();
  Process process(std::move(all));
  pty.wait_for(shown_hostile);
  EXPECT_EQ(process.wait().exit_code, 124);
  // Without the command's own control sequences.
  EXPECT_TRUE(is_fit(replaced(replaced(pty.screen(), "\r\x1b[K", ""), "\r\n", "\n")))
      << ::testing::PrintToString(pty.screen());
}

TEST_F(UntrustedText, HugeValuesAreCutForPeopleAndWholeForPrograms) {
  write_record("exclusive-lock:huge", std::string(1024 * 1024, 'x'));
  const Ended human = command({"inspect", "huge"});
  EXPECT_LT(human.out.size(), 10'000U);
  EXPECT_THAT(human.out, HasSubstr("(1048576 bytes)"));
  EXPECT_LT(command({"list"}).out.size(), 10'000U);
  EXPECT_GT(command({"inspect", "huge", "--json"}).out.size(), 1024U * 1024U);
}

TEST_F(UntrustedText, JsonIsValidForEveryRecord) {
  const std::vector<std::string> values{
      "1",
      "",
      "null",
      "{\"broken",
      hostile,
      std::string("\xff\x00\xfe", 3),
      "\"text\"",
      "[1,\n\t2]",
      R"({"owner":"00112233445566778899aabbccddeeff-0000000000000001","fence":)"};
  for (std::size_t i = 0; i < values.size(); ++i) {
    write_record("exclusive-lock:v" + std::to_string(i), values[i]);
    const Ended ended = command({"inspect", "v" + std::to_string(i), "--json"});
    boost::system::error_code error;
    const auto parsed = boost::json::parse(ended.out, error);
    ASSERT_FALSE(error) << ended.out;
    EXPECT_TRUE(parsed.at("held").as_bool());
    EXPECT_EQ(std::count(ended.out.begin(), ended.out.end(), '\n'), 1) << "one line";
  }
  const Ended list = command({"list", "--json"});
  boost::system::error_code error;
  EXPECT_EQ(boost::json::parse(list.out, error).as_array().size(), values.size());
}

TEST_F(UntrustedText, JsonHoldsContentsAndTheBytesOfOtherPrograms) {
  ASSERT_EQ(command({"acquire", "own", "--contents", R"({"a": [1, "\u00e4"]})", "--label", hostile})
                .exit_code,
            0);
  const auto own = boost::json::parse(command({"inspect", "own", "--json"}).out);
  EXPECT_EQ(own.at("contents"), boost::json::parse(R"({"a": [1, "\u00e4"]})"));
  EXPECT_EQ(own.at("label").as_string(), hostile);
  EXPECT_EQ(own.at("kind").as_string(), "ours");
  EXPECT_FALSE(own.as_object().contains("raw"));
  write_record("exclusive-lock:strange", "a\xff");
  const auto strange = boost::json::parse(command({"inspect", "strange", "--json"}).out);
  EXPECT_EQ(strange.at("kind").as_string(), "stranger");
  EXPECT_TRUE(strange.at("owner").is_null());
  EXPECT_EQ(strange.at("raw").at("hex").as_string(), "61ff");
}

TEST_F(UntrustedText, RecordsOfOtherProgramsCountAsHeld) {
  write_record("exclusive-lock:job", "1");
  const Ended busy = command({"run", "job", "-n", "--", "true"});
  EXPECT_EQ(busy.exit_code, 75);
  EXPECT_THAT(busy.err, HasSubstr("job is held by another program"));
  EXPECT_THAT(command({"inspect", "job"}).out, HasSubstr("by        another program"));
  EXPECT_EQ(command({"release", "job", "--force", "--yes"}).exit_code, 0);
  EXPECT_TRUE(is_free("job"));
}

}  // namespace
}  // namespace exclusive_lock::cli_test
