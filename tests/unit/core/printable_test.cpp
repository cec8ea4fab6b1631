// G11: untrusted text cannot control a terminal.

#include "exclusive_lock/printable.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "core/utf8.hpp"

namespace exclusive_lock {
namespace {

using std::string_view_literals::operator""sv;

TEST(Printable, PlainTextStays) {
  EXPECT_EQ(printable(""), "");
  EXPECT_EQ(printable("pod-7 \"x\" {y} %41 ~"), "pod-7 \"x\" {y} %41 ~");
  EXPECT_EQ(printable("t\xC3\xA4glich \xE6\x97\xA5 \xF0\x9F\x98\x80"),
            "t\xC3\xA4glich \xE6\x97\xA5 \xF0\x9F\x98\x80");
}

TEST(Printable, ControlCharactersAreSpelled) {
  EXPECT_EQ(printable("a\nb\rc\td"), "a\\nb\\rc\\td");
  EXPECT_EQ(printable("\0\x01\x1F\x7F"sv), "\\x00\\x01\\x1f\\x7f");
  EXPECT_EQ(printable("\x1B]52;c;cm0=\x07"), "\\x1b]52;c;cm0=\\x07");
}

TEST(Printable, C1ControlsAreSpelledInEitherForm) {
  EXPECT_EQ(printable("\xC2\x9B"
                      "31m"),
            "\\u{009b}31m");  // CSI as a character
  EXPECT_EQ(printable("\x9B"
                      "31m"),
            "\\x9b31m");  // CSI as a byte
  EXPECT_EQ(printable("\xC2\x80\xC2\x9F\xC2\xA0"), "\\u{0080}\\u{009f}\xC2\xA0");
}

TEST(Printable, MarksThatHideOrTurnTextAreSpelled) {
  EXPECT_EQ(printable("a\xE2\x80\xAE"
                      "b"),
            "a\\u{202e}b");                           // right-to-left override
  EXPECT_EQ(printable("\xE2\x81\xA6"), "\\u{2066}");  // isolate
  EXPECT_EQ(printable("\xD8\x9C"), "\\u{061c}");      // Arabic letter mark
  EXPECT_EQ(printable("a\xE2\x80\x8B"
                      "b"),
            "a\\u{200b}b");                           // zero width space
  EXPECT_EQ(printable("\xC2\xAD"), "\\u{00ad}");      // soft hyphen
  EXPECT_EQ(printable("\xEF\xBB\xBF"), "\\u{feff}");  // byte order mark
  EXPECT_EQ(printable("\xE2\x80\xA8\xE2\x80\xA9"), "\\u{2028}\\u{2029}");
  EXPECT_EQ(printable("\xF3\xA0\x81\x81"), "\\u{e0041}");  // a tag character
}

TEST(Printable, NeighboursOfThoseMarksStay) {
  EXPECT_EQ(printable("\xE2\x80\x8A"), "\xE2\x80\x8A");  // U+200A
  EXPECT_EQ(printable("\xE2\x80\x90"), "\xE2\x80\x90");  // U+2010
  EXPECT_EQ(printable("\xE2\x80\xA7"), "\xE2\x80\xA7");  // U+2027
  EXPECT_EQ(printable("\xE2\x80\xAF"), "\xE2\x80\xAF");  // U+202F
  EXPECT_EQ(printable("\xE2\x81\xB0"), "\xE2\x81\xB0");  // U+2070
}

TEST(Printable, BackslashIsDoubled) {
  EXPECT_EQ(printable("\\x1b"), "\\\\x1b");
  EXPECT_NE(printable("\\n"), printable("\n"));
}

TEST(Printable, BytesThatAreNotUtf8AreSpelled) {
  EXPECT_EQ(printable("\xFFz\xC3"), "\\xffz\\xc3");
  EXPECT_EQ(printable("\xC0\x80"), "\\xc0\\x80");
}

TEST(Printable, LongTextIsCutWithItsFullSize) {
  EXPECT_EQ(printable("12345", 5), "12345");
  EXPECT_EQ(printable("123456", 5), "12345... (6 bytes)");
  EXPECT_EQ(printable("123", 0), "... (3 bytes)");
  EXPECT_EQ(printable(std::string(5000, 'x')), std::string(4096, 'x') + "... (5000 bytes)");
}

TEST(Printable, CutNeverSplitsACharacter) {
  const std::string euros = "\xE2\x82\xAC\xE2\x82\xAC";
  EXPECT_EQ(printable(euros, 5), "\xE2\x82\xAC... (6 bytes)");
  EXPECT_EQ(printable(euros, 2), "... (6 bytes)");
}

// The inverse function, independent of the code under test.
std::string unspelled(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '\\') {
      out += text[at++];
      continue;
    }
    const char kind = text[at + 1];
    if (kind == 'x') {
      out += static_cast<char>(std::stoi(std::string(text.substr(at + 2, 2)), nullptr, 16));
      at += 4;
    } else if (kind == 'u') {
      const auto end = text.find('}', at);
      const auto value = std::stoul(std::string(text.substr(at + 3, end - at - 3)), nullptr, 16);
      if (value < 0x800) {
        out += static_cast<char>(0xC0 | (value >> 6));
      } else if (value < 0x10000) {
        out += static_cast<char>(0xE0 | (value >> 12));
        out += static_cast<char>(0x80 | ((value >> 6) & 0x3F));
      } else {
        out += static_cast<char>(0xF0 | (value >> 18));
        out += static_cast<char>(0x80 | ((value >> 12) & 0x3F));
        out += static_cast<char>(0x80 | ((value >> 6) & 0x3F));
      }
      out += static_cast<char>(0x80 | (value & 0x3F));
      at = end + 1;
    } else {
      out += kind == 'n' ? '\n' : kind == 'r' ? '\r' : kind == 't' ? '\t' : '\\';
      at += 2;
    }
  }
  return out;
}

RC_GTEST_PROP(Printable, IsUnambiguous, (const std::string& bytes)) {
  RC_ASSERT(unspelled(printable(bytes)) == bytes);
}

RC_GTEST_PROP(Printable, NothingThatDrivesATerminalComesThrough, (const std::string& bytes)) {
  const std::string text = printable(bytes, 20);
  RC_ASSERT(!first_non_utf8(text));
  for (std::string_view rest = text; !rest.empty();) {
    const auto point = first_code_point(rest);
    RC_ASSERT((point->value >= 0x20 && (point->value < 0x7F || point->value > 0x9F)));
    rest.remove_prefix(point->size);
  }
}

}  // namespace
}  // namespace exclusive_lock
