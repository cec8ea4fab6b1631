// What others wrote never reaches a terminal raw (G11), and JSON is JSON whatever they wrote.

#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "cli/command_fixture.hpp"
#include "cli/pty.hpp"
#include "live/server.hpp"

namespace exclusive_lock::cli_test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Sets the clipboard, clears the screen, overwrites the line, an 8-bit CSI, turns text round.
const std::string hostile = "\x1b]52;c;aGk=\x07\x1b[2J\rovertype\u009b31m\u202etxt\x7f";

bool has_control(const std::string& text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte < 0x20 && byte != '\n') || byte == 0x7f) {
      return true;
    }
  }
  return text.find("\u009b") != std::string::npos || text.find("\u202e") != std::string::npos;
}

class UntrustedText : public CommandTest {
 protected:
  void SetUp() override { store_ = server_.url(); }
  // What the original package, or anybody, may have put there.
  void plant(const std::string& key, const std::string& value) {
    server_.client().must({"SET", key, value, "PX", "100000"});
  }

  live::Server server_;
};

TEST_F(UntrustedText, NeverReachesPeopleRaw) {
  const std::string contents = R"({"a":"\u001b[2J)" + std::string("\u009b\u202e\x7f") + "\"}";
  ASSERT_EQ(command({"acquire", "ours", "--label", hostile, "--contents", contents}).exit_code, 0);
  ASSERT_EQ(command({"acquire", "--", hostile}).exit_code, 0);
  plant("exclusive-lock:strange", hostile + "\xff\xfe");
  plant("exclusive-lock:" + hostile, hostile);
  for (const Arguments& arguments :
       {Arguments{"list"}, Arguments{"inspect", "ours"}, Arguments{"inspect", "strange"},
        Arguments{"inspect", hostile}, Arguments{"run", "ours", "-n", "--", "true"},
        Arguments{"run", "strange", "-n", "--", "true"},
        Arguments{"run", hostile, "-n", "--", "true"}, Arguments{"release", "ours", "--force"},
        Arguments{"refresh", hostile, "--owner", hostile}, Arguments{"run", "x", "--" + hostile},
        Arguments{hostile}, Arguments{"list", "--store", hostile},
        Arguments{"run", "free", "--", hostile},
        Arguments{"run", "free", "--wait", hostile, "--", "true"},
        Arguments{"inspect", "ours", "--json"}, Arguments{"inspect", "strange", "--json"},
        Arguments{"list", "--json"}}) {
    const Ended ended = command(arguments);
    EXPECT_FALSE(has_control(ended.out)) << ::testing::PrintToString(arguments) << ended.out;
    EXPECT_FALSE(has_control(ended.err)) << ::testing::PrintToString(arguments) << ended.err;
    EXPECT_NE(ended.out + ended.err, "");
  }
}

TEST_F(UntrustedText, NeverReachesTheStatusLineRaw) {
  ASSERT_EQ(command({"acquire", "job", "--label", hostile}).exit_code, 0);
  Pty pty;
  Invocation all = invocation(under_lock("job", {"--wait", "700ms"}, "true"),
                              {{"TERM", "xterm"}, {"NO_COLOR", "1"}});
  all.terminal = pty.program_end();
  Process process(std::move(all));
  pty.wait_for("\\x1b]52;c;aGk=\\x07");
  EXPECT_EQ(process.wait().exit_code, 124);
  EXPECT_THAT(pty.screen(), Not(HasSubstr("\x1b]52")));
  EXPECT_THAT(pty.screen(), Not(HasSubstr("\x1b[2J")));
}

TEST_F(UntrustedText, HugeValuesAreCutForPeopleAndWholeForPrograms) {
  plant("exclusive-lock:huge", std::string(1024 * 1024, 'x'));
  const Ended human = command({"inspect", "huge"});
  EXPECT_LT(human.out.size(), 10'000U);
  EXPECT_THAT(human.out, HasSubstr("(1048576 bytes)"));
  EXPECT_LT(command({"list"}).out.size(), 10'000U);
  EXPECT_GT(command({"inspect", "huge", "--json"}).out.size(), 1024U * 1024U);
}

TEST_F(UntrustedText, JsonIsValidForWhateverIsThere) {
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
    plant("exclusive-lock:v" + std::to_string(i), values[i]);
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

TEST_F(UntrustedText, JsonHoldsTheContentsAndTheBytesOfStrangers) {
  ASSERT_EQ(
      command({"acquire", "ours", "--contents", R"({"a": [1, "\u00e4"]})", "--label", hostile})
          .exit_code,
      0);
  const auto ours = boost::json::parse(command({"inspect", "ours", "--json"}).out);
  EXPECT_EQ(ours.at("contents"), boost::json::parse(R"({"a": [1, "\u00e4"]})"));
  EXPECT_EQ(ours.at("label").as_string(), hostile);
  EXPECT_EQ(ours.at("kind").as_string(), "ours");
  EXPECT_FALSE(ours.as_object().contains("raw"));
  plant("exclusive-lock:strange", "a\xff");
  const auto strange = boost::json::parse(command({"inspect", "strange", "--json"}).out);
  EXPECT_EQ(strange.at("kind").as_string(), "stranger");
  EXPECT_TRUE(strange.at("owner").is_null());
  EXPECT_EQ(strange.at("raw").at("hex").as_string(), "61ff");
}

TEST_F(UntrustedText, StrangersAreHeldAndNamed) {
  plant("exclusive-lock:job", "1");
  const Ended busy = command({"run", "job", "-n", "--", "true"});
  EXPECT_EQ(busy.exit_code, 75);
  EXPECT_THAT(busy.err, HasSubstr("job is held by another program"));
  EXPECT_THAT(command({"inspect", "job"}).out, HasSubstr("by        another program"));
  EXPECT_EQ(command({"release", "job", "--force", "--yes"}).exit_code, 0);
  EXPECT_TRUE(is_free("job"));
}

}  // namespace
}  // namespace exclusive_lock::cli_test
