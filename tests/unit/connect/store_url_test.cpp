#include "connect/store_url.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/crypto.h>
#include <openssl/http.h>
#include <rapidcheck/gtest.h>

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "connect/store_scheme.hpp"
#include "connect/url_parts.hpp"

namespace exclusive_lock {
namespace {

using std::string_view_literals::operator""sv;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// The URL of a text that must be a good one.
template <class Url>
Url parsed(std::string_view text) {
  const auto result = parse_store_url(text);
  EXPECT_THAT(result.mistakes, IsEmpty()) << text;
  if (!result.url || !std::holds_alternative<Url>(*result.url)) {
    ADD_FAILURE() << text << " is of another kind";
    return {};
  }
  return std::get<Url>(*result.url);
}

// What follows "store URL: " in the fields of all mistakes; nothing for the URL as a whole.
std::vector<std::string> wrong_parts(std::string_view text) {
  std::vector<std::string> parts;
  for (const auto& mistake : parse_store_url(text).mistakes) {
    EXPECT_FALSE(mistake.problem.empty());
    EXPECT_FALSE(mistake.allowed.empty());
    EXPECT_THAT(mistake.field, ::testing::StartsWith("store URL"));
    parts.push_back(mistake.field.size() > 11 ? mistake.field.substr(11) : "");
  }
  return parts;
}

std::string what_is_wrong(std::string_view text) {
  return ValidationError(parse_store_url(text).mistakes).what();
}

TEST(LocalUrl, TheDefaultPlaceOrAnAbsoluteDirectory) {
  EXPECT_EQ(parsed<LocalUrl>("local:").directory, "");
  EXPECT_EQ(parsed<LocalUrl>("local:///var/lib/locks").directory, "/var/lib/locks");
  EXPECT_EQ(parsed<LocalUrl>("local:///a%20b%3F%23%25").directory, "/a b?#%");
  EXPECT_EQ(parsed<LocalUrl>("local:///a/..b/c..").directory, "/a/..b/c..");
  EXPECT_EQ(parsed<LocalUrl>("local:///my dir/\xC3\xA4@b:c").directory, "/my dir/\xC3\xA4@b:c");
  EXPECT_EQ(parsed<LocalUrl>("LOCAL:").directory, "");
}

TEST(LocalUrl, AnythingElseIsRefusedByPart) {
  EXPECT_THAT(wrong_parts("local://host/dir"), ElementsAre("host"));
  EXPECT_THAT(wrong_parts("local://relative"), ElementsAre("host"));
  EXPECT_THAT(wrong_parts("local:relative"), ElementsAre("path"));
  EXPECT_THAT(wrong_parts("local:/dir"), ElementsAre("path"));
  EXPECT_THAT(wrong_parts("local://"), ElementsAre("path"));
  EXPECT_THAT(wrong_parts("local:///a%00b"), ElementsAre("path"));
  EXPECT_THAT(wrong_parts("local:///a%2"), ElementsAre("path"));
  EXPECT_THAT(wrong_parts("local:///a/../b"), ElementsAre("path"));
  EXPECT_THAT(wrong_parts("local:///a/%2e%2E"), ElementsAre("path"));
  EXPECT_THAT(wrong_parts("local:///a?b"), ElementsAre("query"));
  EXPECT_THAT(wrong_parts("local:///a#b"), ElementsAre("fragment"));
  EXPECT_THAT(wrong_parts("local:?"), ElementsAre("query"));
  EXPECT_THAT(wrong_parts("local:x?y#z"), ElementsAre("query", "fragment", "path"));
}

TEST(MemoryUrl, TakesNothingBehindIt) {
  parsed<MemoryUrl>("memory:");
  for (const std::string text :
       {"memory://", "memory:x", "memory:/", "memory:?", "memory:#", "memory://host/path"}) {
    EXPECT_THAT(wrong_parts(text), ElementsAre("path")) << text;
  }
}

TEST(RedisUrlParts, HostPortAndDatabase) {
  const auto url = parsed<RedisUrl>("redis://cache-1.example.org:7000/3");
  EXPECT_EQ(url.host, "cache-1.example.org");
  EXPECT_EQ(url.port, 7000);
  EXPECT_EQ(url.database, 3);
  EXPECT_FALSE(url.tls);
  EXPECT_FALSE(url.credentials);
  EXPECT_TRUE(url.unix_socket.empty());
}

TEST(RedisUrlParts, WhatIsNotGivenHasItsDefault) {
  for (const std::string text : {"redis://h", "redis://h/", "redis://h/0", "Redis://h:6379"}) {
    EXPECT_EQ(parsed<RedisUrl>(text), (RedisUrl{.host = "h"})) << text;
  }
  EXPECT_EQ(parsed<RedisUrl>("rediss://h"), (RedisUrl{.tls = true, .host = "h"}));
}

TEST(RedisUrlParts, Addresses) {
  EXPECT_EQ(parsed<RedisUrl>("redis://127.0.0.1").host, "127.0.0.1");
  EXPECT_EQ(parsed<RedisUrl>("redis://[::1]").host, "::1");
  EXPECT_EQ(parsed<RedisUrl>("redis://[::1]:7000/2").port, 7000);
  EXPECT_EQ(parsed<RedisUrl>("redis://[::ffff:10.0.0.1]").host, "::ffff:10.0.0.1");
  EXPECT_EQ(parsed<RedisUrl>("redis://[fe80::1%25eth0]:1").host, "fe80::1%eth0");
  EXPECT_EQ(parsed<RedisUrl>("redis://u:p@[2001:db8::1]:7000").host, "2001:db8::1");
}

TEST(RedisUrlParts, WrongHosts) {
  for (const std::string text : {"redis://",
                                 "redis:",
                                 "redis:h",
                                 "redis:///3",
                                 "redis://:6379",
                                 "redis://u:p@",
                                 "redis://a b",
                                 "redis://a%20b",
                                 "redis://\xC3\xA4",
                                 "redis://256.1.1.1",
                                 "redis://127.1",
                                 "redis://1.2.3.4.5",
                                 "redis://::1",
                                 "redis://::1:6379",
                                 "redis://[::1",
                                 "redis://[]",
                                 "redis://[::1]x",
                                 "redis://[::g]",
                                 "redis://[127.0.0.1]",
                                 "redis://[fe80::1%25]",
                                 "redis://[fe80::1%25a/b]",
                                 "redis://[::1%00]",
                                 "redis://[%3A:1%zz]",
                                 "redis://h]",
                                 "redis://[[::1]]",
                                 "redis://h,i",
                                 "redis://*"}) {
    EXPECT_THAT(wrong_parts(text), ::testing::Contains("host")) << text;
  }
  EXPECT_THAT(wrong_parts("redis://" + std::string(253, 'h')), IsEmpty());
  EXPECT_THAT(wrong_parts("redis://" + std::string(254, 'h')), ElementsAre("host"));
  EXPECT_THAT(what_is_wrong("redis://::1:6379"), HasSubstr("brackets"));
}

TEST(RedisUrlParts, WrongPorts) {
  for (const std::string port : {"0", "65536", "70000", "abc", "", "-1", "+1", "1x", " 1", "0x10",
                                 "99999999999999999999", "%31"}) {
    EXPECT_THAT(wrong_parts("redis://h:" + port), ElementsAre("port")) << port;
    EXPECT_THAT(wrong_parts("redis://[::1]:" + port + "/1"), ElementsAre("port")) << port;
  }
  EXPECT_EQ(parsed<RedisUrl>("redis://h:65535").port, 65535);
  EXPECT_EQ(parsed<RedisUrl>("redis://h:1").port, 1);
  EXPECT_EQ(what_is_wrong("redis://h:70000"), "store URL: port is 70000; allowed: 1 to 65535");
}

TEST(RedisUrlParts, WrongDatabases) {
  for (const std::string database :
       {"-1", "abc", "1/", "1/2", "/", "+1", "2147483648", "99999999999999999999", "%31", " 1"}) {
    EXPECT_THAT(wrong_parts("redis://h/" + database), ElementsAre("database")) << database;
  }
  EXPECT_EQ(parsed<RedisUrl>("redis://h/2147483647").database, 2147483647);
  EXPECT_THAT(what_is_wrong("redis://h/-1"), HasSubstr("database is -1"));
}

TEST(RedisUrlParts, QueryAndFragmentAreRefused) {
  EXPECT_THAT(wrong_parts("redis://h/1?db=2"), ElementsAre("query"));
  EXPECT_THAT(wrong_parts("redis://h?"), ElementsAre("query"));
  EXPECT_THAT(wrong_parts("rediss://h#"), ElementsAre("fragment"));
}

TEST(RedisUrlParts, EveryMistakeIsReportedAtOnce) {
  EXPECT_THAT(wrong_parts("redis://u%0:p%00@a b:70000/x?y#z"),
              ElementsAre("query", "fragment", "user", "password", "host", "port", "database"));
}

TEST(RedisUrlCredentials, UserAndPasswordAreDecoded) {
  EXPECT_EQ(parsed<RedisUrl>("redis://bob:pw@h").credentials, (Credentials{"bob", "pw"}));
  EXPECT_EQ(parsed<RedisUrl>("redis://:pw@h").credentials, (Credentials{"", "pw"}));
  EXPECT_EQ(parsed<RedisUrl>("redis://bob:@h").credentials, (Credentials{"bob", ""}));
  EXPECT_EQ(parsed<RedisUrl>("redis://a%3Ab:c%40%2f%3F%23%25d:e@h").credentials,
            (Credentials{"a:b", "c@/?#%d:e"}));
  EXPECT_EQ(parsed<RedisUrl>("redis://:p%0Aw@h").credentials, (Credentials{"", "p\nw"}));
  EXPECT_EQ(parsed<RedisUrl>("redis://:!$&'()*+,;=[]^|<>\"{} \xC3\xA4@h").credentials,
            (Credentials{"", "!$&'()*+,;=[]^|<>\"{} \xC3\xA4"}));
}

TEST(RedisUrlCredentials, AnEmptyOrMissingPasswordIsNotTakenForNone) {
  EXPECT_THAT(wrong_parts("redis://bob@h"), ElementsAre("password"));
  EXPECT_THAT(wrong_parts("redis://@h"), ElementsAre("password"));
  EXPECT_THAT(wrong_parts("redis://:@h"), ElementsAre("password"));
}

TEST(RedisUrlCredentials, DelimitersThatAreNotEncodedAreReported) {
  for (const std::string text :
       {"redis://u:p@w@h", "redis://u:p/w@h", "redis://u:p?w@h", "redis://u:p#w@h",
        "redis://u:1/2@h:6379/3", "redis:u:p@h", "redis://h/1?@", "redis://h#@"}) {
    EXPECT_THAT(wrong_parts(text), ElementsAre("password")) << text;
  }
}

TEST(UnixUrl, PathAndDatabase) {
  EXPECT_EQ(parsed<RedisUrl>("unix:///run/redis.sock"),
            (RedisUrl{.unix_socket = "/run/redis.sock"}));
  EXPECT_EQ(parsed<RedisUrl>("unix:///p?db=3"), (RedisUrl{.unix_socket = "/p", .database = 3}));
  EXPECT_EQ(parsed<RedisUrl>("unix:///a%20b%3Fc@d").unix_socket, "/a b?c@d");
  EXPECT_EQ(parsed<RedisUrl>("unix:///" + std::string(106, 'x')).unix_socket.native().size(), 107U);
}

TEST(UnixUrl, AnythingElseIsRefusedByPart) {
  EXPECT_THAT(wrong_parts("unix:"), ElementsAre("path"));
  EXPECT_THAT(wrong_parts("unix:///"), ElementsAre("path"));
  EXPECT_THAT(wrong_parts("unix://"), ElementsAre("path"));
  EXPECT_THAT(wrong_parts("unix:///dir/"), ElementsAre("path"));
  EXPECT_THAT(wrong_parts("unix:/run/redis.sock"), ElementsAre("path"));
  EXPECT_THAT(wrong_parts("unix:relative"), ElementsAre("path"));
  EXPECT_THAT(wrong_parts("unix://run/redis.sock"), ElementsAre("path"));
  EXPECT_THAT(wrong_parts("unix://u:p@/run/redis.sock"), ElementsAre("path"));
  EXPECT_THAT(wrong_parts("unix:///a%00"), ElementsAre("path"));
  EXPECT_THAT(wrong_parts("unix:///" + std::string(107, 'x')), ElementsAre("path"));
  EXPECT_THAT(wrong_parts("unix:///p?"), ElementsAre("query"));
  EXPECT_THAT(wrong_parts("unix:///p?database=3"), ElementsAre("query"));
  EXPECT_THAT(wrong_parts("unix:///p?db="), ElementsAre("database"));
  EXPECT_THAT(wrong_parts("unix:///p?db=-1"), ElementsAre("database"));
  EXPECT_THAT(wrong_parts("unix:///p?db=1&db=2"), ElementsAre("database"));
  EXPECT_THAT(wrong_parts("unix:///p#f"), ElementsAre("fragment"));
}

TEST(StoreScheme, UnknownOneIsReportedWithAllSchemesAndTheNearest) {
  EXPECT_EQ(
      what_is_wrong("redsi://h"),
      "store URL: scheme is unknown: redsi: (did you mean redis:?); allowed: local:, memory:, "
      "redis:, rediss:, unix:");
  EXPECT_THAT(what_is_wrong("http://h"), Not(HasSubstr("did you mean")));
  EXPECT_THAT(wrong_parts("http://h"), ElementsAre("scheme"));
  EXPECT_THAT(what_is_wrong("valkey://h"), HasSubstr("did you mean redis:?"));
}

TEST(StoreScheme, NearestIsFoundWithinTwoSlips) {
  EXPECT_EQ(nearest_store_scheme("redi"), "redis");
  EXPECT_EQ(nearest_store_scheme("reddiss"), "rediss");
  EXPECT_EQ(nearest_store_scheme("rediss"), "rediss");
  EXPECT_EQ(nearest_store_scheme("lcoal"), "local");
  EXPECT_EQ(nearest_store_scheme("memroy"), "memory");
  EXPECT_EQ(nearest_store_scheme("unxi"), "unix");
  EXPECT_EQ(nearest_store_scheme("lcoa"), "local");  // a swap and a letter too few
  EXPECT_EQ(nearest_store_scheme("valkeys"), "rediss");
  EXPECT_EQ(nearest_store_scheme("file"), "local");
  EXPECT_EQ(nearest_store_scheme("postgres"), std::nullopt);
  EXPECT_EQ(nearest_store_scheme(""), std::nullopt);
}

TEST(StoreScheme, MissingOneIsReported) {
  for (const std::string text : {"127.0.0.1:6379", "//h", "/run/redis.sock", "://h", "h",
                                 "1redis://h", "pw@h:6379", "re dis://h", "\xC3\xA4:"}) {
    EXPECT_THAT(wrong_parts(text), ElementsAre("scheme")) << text;
    EXPECT_THAT(what_is_wrong(text), HasSubstr("scheme is missing")) << text;
  }
  EXPECT_THAT(what_is_wrong("localhost:6379"), HasSubstr("scheme is unknown: localhost:"));
}

TEST(StoreUrl, EmptyOverlongOrWithControlCharacters) {
  EXPECT_THAT(wrong_parts(""), ElementsAre(""));
  EXPECT_THAT(wrong_parts("redis://h/" + std::string(64 * 1024, '1')), ElementsAre(""));
  EXPECT_THAT(what_is_wrong(std::string(64 * 1024, 'x')),
              HasSubstr("has 65536 bytes; allowed: up to 4096 bytes"));
  for (const auto text : {"redis://h\n"sv, "redis://h\0"sv, "\0"sv, "redis://u:p\tw@h"sv,
                          "local:///a\x1B[2J"sv, "local:///\x7F"sv, "memory:\r"sv}) {
    EXPECT_THAT(wrong_parts(text), ElementsAre("")) << ::testing::PrintToString(text);
    EXPECT_THAT(what_is_wrong(text), HasSubstr("control character"));
  }
}

TEST(TextWithoutCredentials, IsTheUrlLessDefaults) {
  const auto text = [](std::string_view url) {
    return text_without_credentials(parse_store_url(url).url.value());
  };
  EXPECT_EQ(text("local:"), "local:");
  EXPECT_EQ(text("local:///a b%3F"), "local:///a%20b%3F");
  EXPECT_EQ(text("memory:"), "memory:");
  EXPECT_EQ(text("redis://bob:secret@h:6379/0"), "redis://h");
  EXPECT_EQ(text("rediss://:secret@[::1]:7000/3"), "rediss://[::1]:7000/3");
  EXPECT_EQ(text("redis://[fe80::1%25eth0]"), "redis://[fe80::1%25eth0]");
  EXPECT_EQ(text("unix:///run/redis.sock?db=3"), "unix:///run/redis.sock?db=3");
  EXPECT_EQ(text("unix:///p?db=0"), "unix:///p");
}

template <class Text>
rc::Gen<Text> text_of(const std::string& letters) {
  return rc::gen::nonEmpty(rc::gen::container<Text>(rc::gen::elementOf(letters)));
}

RC_GTEST_PROP(TextWithoutCredentials, IsParsedToTheSameUrl, ()) {
  const auto host =
      *rc::gen::element<std::string>("h", "a-b.c", "10.0.0.1", "::1", "2001:db8::7", "fe80::1%en0");
  const RedisUrl redis{.tls = *rc::gen::arbitrary<bool>(),
                       .host = host,
                       .port = *rc::gen::inRange<std::uint16_t>(1, 65535),
                       .unix_socket = {},
                       .database = *rc::gen::inRange(0, 1000),
                       .credentials = {}};
  RC_ASSERT(parsed<RedisUrl>(text_without_credentials(redis)) == redis);
  const auto name = "/" + *text_of<std::string>("a%?#@: /\xC3\xA4\n+&");
  const LocalUrl local{.directory = name};
  RC_ASSERT(parsed<LocalUrl>(text_without_credentials(local)) == local);
}

// No mistake in a URL shows the password between "://" and the last '@' (G11).
RC_GTEST_PROP(StoreUrl, NoMistakeShowsThePassword, ()) {
  const std::string secret = "hunter2";
  const auto scheme = *rc::gen::element<std::string>("redis", "rediss", "unix", "local", "memory",
                                                     "redsi", "http", "");
  const auto before = *text_of<std::string>("ab:/?#%@[]1 ");
  const auto after = *text_of<std::string>("ab:/?#%[]1 .");
  const auto url =
      scheme + "://" + before + secret + *rc::gen::element<std::string>("", ":", "/") + "@" + after;
  const auto result = parse_store_url(url);
  const std::string message = ValidationError(result.mistakes).what();
  RC_ASSERT(message.find(secret) == std::string::npos);
  if (result.mistakes.empty() && std::holds_alternative<RedisUrl>(*result.url) &&
      scheme != "unix") {
    RC_ASSERT(text_without_credentials(*result.url).find(secret) == std::string::npos);
  }
}

TEST(StoreUrl, PasswordWithoutItsAtSignIsNotShown) {
  for (const std::string url : {"redis://bob:hunter2", "redis://hunter2:x", "redis://h/hunter2",
                                "redis://h?hunter2", "redis://h#hunter2", "unix:///p?hunter2",
                                "redis://bob:123456789", "memory:hunter2", "local://hunter2"}) {
    const auto message = what_is_wrong(url);
    EXPECT_THAT(message, Not(HasSubstr("hunter2"))) << url;
    EXPECT_THAT(message, Not(HasSubstr("123456789"))) << url;
  }
}

// Another parser, from OpenSSL, must find the same parts in whatever we accept.
TEST(StoreUrl, AgreesWithAnotherParser) {
  for (const std::string text :
       {"redis://h", "redis://h:7000", "redis://u:p@h:7000/3", "rediss://:p@[::1]:7/0",
        "redis://user:p%40w@cache-1.example.org/12", "redis://u:@127.0.0.1:65535"}) {
    char* user = nullptr;
    char* host = nullptr;
    int port = 0;
    char* path = nullptr;
    ASSERT_EQ(OSSL_parse_url(text.c_str(), nullptr, &user, &host, nullptr, &port, &path, nullptr,
                             nullptr),
              1)
        << text;
    const auto url = parsed<RedisUrl>(text);
    const std::string bare_host =
        host[0] == '[' ? std::string(host + 1, std::strlen(host) - 2) : host;
    EXPECT_EQ(url.host, bare_host) << text;
    EXPECT_EQ(url.port, port == 0 ? redis_port : port) << text;
    EXPECT_EQ(url.database, path[1] == '\0' ? 0 : std::stoi(path + 1)) << text;
    EXPECT_EQ(url.credentials.has_value(), user[0] != '\0') << text;
    if (url.credentials) {
      EXPECT_EQ(url.credentials->username + ":" + url.credentials->password, percent_decoded(user));
    }
    OPENSSL_free(user);
    OPENSSL_free(host);
    OPENSSL_free(path);
  }
}

RC_GTEST_PROP(StoreUrl, ParsingNeverFailsOtherwise, (const std::string& text)) {
  const auto scheme =
      *rc::gen::element<std::string>("", "redis://", "unix://", "local:", "rediss:");
  const auto result = parse_store_url(scheme + text);
  RC_ASSERT((result.url.has_value() || !result.mistakes.empty()));
}

TEST(PercentEncoding, DecodesWhatIsEncodedAndNothingElse) {
  EXPECT_EQ(percent_decoded("a%20%2F%2fb"), "a //b");
  EXPECT_EQ(percent_decoded(""), "");
  for (const std::string bad : {"%", "%2", "a%", "%zz", "%2z", "%-1", "%+1", "% 1"}) {
    EXPECT_FALSE(percent_decoded(bad)) << bad;
  }
}

RC_GTEST_PROP(PercentEncoding, DecodeGivesItBack, (const std::string& bytes)) {
  RC_ASSERT(percent_decoded(percent_encoded_path(bytes)) == bytes);
}

}  // namespace
}  // namespace exclusive_lock
