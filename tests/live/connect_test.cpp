// connect(): every kind of URL, and every source of credentials, on what is really there.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include "exclusive_lock/exclusive_lock.hpp"
#include "live/server.hpp"
#include "live/temporary_directory.hpp"
#include "live/test_certificates.hpp"

namespace exclusive_lock::live {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

// Acquires and releases, by which the connection is seen to work; the fence is the proof.
void expect_works(const std::shared_ptr<Connection>& connection) {
  ExclusiveLock lock({.app_name = "connect test", .cache_connection = connection});
  ASSERT_TRUE(lock.acquire());
  EXPECT_GT(lock.fence()->value, 0U);
  EXPECT_EQ(lock.release(), ReleaseOutcome::released);
}

ConnectOptions patient_options() { return {.connect_timeout = 20s, .command_timeout = 20s}; }

std::string url_of(const Server& server, const std::string& userinfo,
                   const std::string& rest = "") {
  return "redis://" + userinfo + "127.0.0.1:" + std::to_string(server.port()) + rest;
}

Server server_with_password() { return Server({.arguments = {"--requirepass", "hunter2"}}); }

TEST(ConnectLocal, KeepsItsFilesInTheDirectoryOfTheUrl) {
  const TemporaryDirectory folder;
  const auto directory = folder.path() / "a b";
  const auto connection =
      connect("local://" + folder.path().string() + "/a%20b", patient_options());
  expect_works(connection);
  EXPECT_FALSE(std::filesystem::is_empty(directory));
  EXPECT_THAT(connection->url(), ::testing::StartsWith("local:"));
}

TEST(ConnectMemory, EachConnectionIsAWorldOfItsOwn) {
  const auto one = connect("memory:");
  const auto other = connect("memory:");
  ExclusiveLock lock({.app_name = "job", .cache_connection = one});
  ASSERT_TRUE(lock.acquire());
  expect_works(other);
  EXPECT_TRUE(ExclusiveLock({.app_name = "job", .cache_connection = other}).acquire());
  EXPECT_FALSE(ExclusiveLock({.app_name = "job", .cache_connection = one}).acquire());
  EXPECT_EQ(one->url(), "memory:");
}

TEST(ConnectRedis, TakesThePasswordOfTheUrlAndDoesNotShowIt) {
  const Server server = server_with_password();
  const auto connection = connect(url_of(server, ":hunter2@"), patient_options());
  expect_works(connection);
  EXPECT_EQ(connection->url(), url_of(server, ""));
}

TEST(ConnectRedis, TakesAUserWithACodedPassword) {
  const Server server;
  server.client().must({"ACL", "SETUSER", "bob", "on", ">p@ss:/w%rd", "~*", "+@all"});
  server.client().must({"ACL", "SETUSER", "default", "off"});
  expect_works(connect(url_of(server, "bob:p%40ss%3A%2Fw%25rd@"), patient_options()));
}

TEST(ConnectRedis, TakesCredentialsFromAFileOrAVariable) {
  const Server server = server_with_password();
  const TemporaryDirectory folder;
  std::ofstream(folder.path() / "secret") << "hunter2\n";
  ConnectOptions from_file = patient_options();
  from_file.credentials_file = folder.path() / "secret";
  expect_works(connect(url_of(server, ""), from_file));

  ::setenv("EXCLUSIVE_LOCK_CONNECT_TEST", "default:hunter2", 1);
  ConnectOptions from_variable = patient_options();
  from_variable.credentials_variable = "EXCLUSIVE_LOCK_CONNECT_TEST";
  expect_works(connect(url_of(server, ""), from_variable));
  EXPECT_STREQ(::getenv("EXCLUSIVE_LOCK_CONNECT_TEST"), "default:hunter2");
  ::unsetenv("EXCLUSIVE_LOCK_CONNECT_TEST");
  EXPECT_THROW(connect(url_of(server, ""), from_variable), ValidationError);
}

TEST(ConnectRedis, AWrongOrMissingPasswordIsAnErrorThatDoesNotShowIt) {
  const Server server = server_with_password();
  const auto failure_of = [&server](const std::string& userinfo) {
    try {
      connect(url_of(server, userinfo), patient_options());
    } catch (const StoreError& error) {
      EXPECT_THAT(error.what(), Not(HasSubstr("wrong-secret")));
      return error.code();
    }
    return std::error_code();
  };
  EXPECT_EQ(failure_of(":wrong-secret@"), errc::wrong_password);
  EXPECT_EQ(failure_of(""), errc::authentication_required);
}

TEST(ConnectRedis, UsesTheDatabaseAndTheClientNameThatWereAskedFor) {
  const Server server;
  ConnectOptions options = patient_options();
  options.client_name = "worker-7";
  const auto connection = connect(url_of(server, "", "/3"), options);
  ExclusiveLock lock({.app_name = "job", .cache_connection = connection});
  ASSERT_TRUE(lock.acquire());
  RawClient client = server.client();
  EXPECT_THAT(client.text({"CLIENT", "LIST"}), HasSubstr("name=worker-7"));
  EXPECT_TRUE(client.command({"GET", "exclusive-lock:job"}).is_null());
  client.must({"SELECT", "3"});
  EXPECT_THAT(client.text({"GET", "exclusive-lock:job"}), HasSubstr(lock.owner()));
}

TEST(ConnectUnix, TakesPathAndDatabase) {
  const Server server({.transport = ServerTransport::unix_socket});
  const auto connection = connect(server.url() + "?db=2", patient_options());
  ExclusiveLock lock({.app_name = "job", .cache_connection = connection});
  ASSERT_TRUE(lock.acquire());
  RawClient client = server.client();
  client.must({"SELECT", "2"});
  EXPECT_THAT(client.text({"GET", "exclusive-lock:job"}), HasSubstr(lock.owner()));
  EXPECT_EQ(connection->url(), server.url() + "?db=2");
}

TEST(ConnectTls, TrustsTheCaFileThatIsGivenAndNothingElse) {
  const TemporaryDirectory folder;
  const auto file = [&folder](const std::string& name) { return (folder.path() / name).string(); };
  const Certificate authority = make_authority("test authority");
  const Certificate certificate = issue(authority, {.hosts = "IP:127.0.0.1"});
  authority.write_certificate(file("authority.crt"));
  certificate.write_certificate(file("server.crt"));
  certificate.write_key(file("server.key"));
  const Server server({.transport = ServerTransport::tls,
                       .arguments = {"--tls-cert-file", file("server.crt"), "--tls-key-file",
                                     file("server.key"), "--tls-auth-clients", "no"}});
  const std::string url = "rediss://127.0.0.1:" + std::to_string(server.port());
  ConnectOptions options{.connect_timeout = 20s, .command_timeout = 20s};
  options.ca_file = file("authority.crt");
  expect_works(connect(url, options));
  options.ca_file.clear();
  options.connect_timeout = 2s;
  EXPECT_THROW(connect(url, options), StoreError);
}

TEST(Connect, NobodyThereIsAStoreErrorWithinTheTimeout) {
  const TemporaryDirectory folder;
  ConnectOptions options{.connect_timeout = 500ms};
  try {
    connect("unix://" + (folder.path() / "absent").string(), options);
    ADD_FAILURE() << "connected to nobody";
  } catch (const StoreError& error) {
    EXPECT_EQ(error.code(), errc::store_unavailable);
    EXPECT_FALSE(error.may_have_run());
  }
}

TEST(Connect, MistakesAreTheFirstThingThatIsTold) {
  try {
    connect("redsi://h:0", {.command_timeout = 0ms});
    ADD_FAILURE() << "connected to nowhere";
  } catch (const ValidationError& error) {
    ASSERT_EQ(error.mistakes().size(), 2U);
    EXPECT_EQ(error.mistakes()[0].field, "store URL: scheme");
    EXPECT_EQ(error.mistakes()[1].field, "command_timeout");
  }
}

}  // namespace
}  // namespace exclusive_lock::live
