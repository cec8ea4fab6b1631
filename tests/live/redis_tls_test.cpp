// rediss: on a real server. Whoever it is that answers, we do not talk to it unless its certificate
// is good, and say what is not.

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "live/job_key.hpp"
#include "live/redis_requester.hpp"
#include "live/test_certificates.hpp"

namespace exclusive_lock::live {
namespace {

using namespace std::chrono_literals;

// A server that shows a certificate, and what its clients need.
class TlsServer {
 public:
  explicit TlsServer(const CertificateWish& wish, const std::string& client_certificates = "no",
                     const std::vector<std::string>& more = {})
      : authority_(make_authority("test authority")) {
    const Certificate certificate = issue(authority_, wish);
    certificate.write_certificate(file("server.crt"));
    certificate.write_key(file("server.key"));
    authority_.write_certificate(file("authority.crt"));
    std::vector<std::string> arguments{
        "--tls-cert-file",    file("server.crt"),    "--tls-key-file",     file("server.key"),
        "--tls-ca-cert-file", file("authority.crt"), "--tls-auth-clients", client_certificates};
    arguments.insert(arguments.end(), more.begin(), more.end());
    server_.emplace(ServerOptions{.transport = ServerTransport::tls, .arguments = arguments});
  }

  RedisStoreOptions options() const {
    RedisStoreOptions options = options_for(*server_);
    options.ca_file = file("authority.crt");
    return options;
  }
  std::string file(const std::string& name) const { return folder_.path() / name; }
  Server& server() { return *server_; }

 private:
  TemporaryDirectory folder_;
  Certificate authority_;
  std::optional<Server> server_;
};

const CertificateWish good{.hosts = "DNS:localhost,IP:127.0.0.1"};

TEST(RedisTls, GoodCertificateServesByNameAndByAddress) {
  TlsServer tls(good);
  for (const std::string host : {"127.0.0.1", "localhost"}) {
    RedisStoreOptions options = tls.options();
    options.host = host;
    RedisRequester requester(options);
    const Owner owner = new_owner();
    EXPECT_EQ(requester.attempt(key, owner).outcome, AttemptReplyStatus::granted);
    EXPECT_EQ(requester.release(key, owner), ReleaseReplyStatus::released);
  }
}

TEST(RedisTls, ConnectionComesBackAfterARestart) {
  TlsServer tls(good);
  RedisRequester requester(tls.options());
  requester.inspect(key);
  tls.server().restart(ServerData::lost);
  EXPECT_TRUE(requester.works_again());
}

TEST(RedisTls, LargeRecordGoesThroughBothWays) {
  TlsServer tls(good);
  RedisRequester requester(tls.options());
  AttemptRequest request = requester.request(key, new_owner());
  request.record_tail += std::string(1024 * 1024, 'x');
  EXPECT_EQ(reply_in(requester.attempt_answer(request)).outcome, AttemptReplyStatus::granted);
  const auto record = requester.inspect(key);
  ASSERT_TRUE(record);
  EXPECT_TRUE(record->value.ends_with(request.record_tail));
}

TEST(RedisTls, UnknownAuthorityIsRefused) {
  TlsServer tls(good);
  RedisStoreOptions options = tls.options();
  options.ca_file.clear();  // the system's
  EXPECT_TRUE(is_failure(failure_to_open(options), errc::unsuitable_store,
                         {"authority that is unknown", "CA file"}));
  make_authority("another authority").write_certificate(tls.file("another.crt"));
  options.ca_file = tls.file("another.crt");
  EXPECT_TRUE(
      is_failure(failure_to_open(options), errc::unsuitable_store, {"authority that is unknown"}));
}

TEST(RedisTls, AuthoritiesOfTheSystemAreTrustedWithoutACaFile) {
  TlsServer tls(good);
  // Where OpenSSL looks for them.
  ASSERT_EQ(::setenv("SSL_CERT_FILE", tls.file("authority.crt").c_str(), 1), 0);
  RedisStoreOptions options = tls.options();
  options.ca_file.clear();
  EXPECT_EQ(failure_to_open(options).message, "");
  ::unsetenv("SSL_CERT_FILE");
}

TEST(RedisTls, WrongHostIsRefused) {
  TlsServer tls({.hosts = "DNS:other.example,IP:192.0.2.1"});
  RedisStoreOptions options = tls.options();
  EXPECT_TRUE(
      is_failure(failure_to_open(options), errc::unsuitable_store, {"not for the host 127.0.0.1"}));
  options.host = "localhost";
  EXPECT_TRUE(
      is_failure(failure_to_open(options), errc::unsuitable_store, {"not for the host localhost"}));
}

TEST(RedisTls, ExpiredCertificateIsRefused) {
  TlsServer tls({.hosts = good.hosts, .ends_in = -1h});
  EXPECT_TRUE(is_failure(failure_to_open(tls.options()), errc::unsuitable_store, {"expired"}));
}

TEST(RedisTls, CertificateThatIsNotYetValidIsRefusedAndTheClockMentioned) {
  TlsServer tls({.hosts = good.hosts, .ends_in = 25h, .begins_in = 1h});
  EXPECT_TRUE(is_failure(failure_to_open(tls.options()), errc::unsuitable_store,
                         {"not valid yet", "this machine's clock"}));
}

TEST(RedisTls, ServerThatWantsClientCertificatesIsTold) {
  TlsServer tls(good, "yes");
  EXPECT_TRUE(
      is_failure(failure_to_open(tls.options()), errc::unsuitable_store, {"client certificate"}));
}

// What a client gets that takes anything; empty: nothing.
std::string weakest_that_it_speaks(const Server& server) {
  const std::unique_ptr<SSL_CTX, decltype(&::SSL_CTX_free)> context(
      ::SSL_CTX_new(::TLS_client_method()), &::SSL_CTX_free);
  ::SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
  ::SSL_CTX_set_cipher_list(context.get(), "ALL:COMPLEMENTOFALL:@SECLEVEL=0");
  const std::unique_ptr<BIO, decltype(&::BIO_free_all)> connection(
      ::BIO_new_ssl_connect(context.get()), &::BIO_free_all);
  BIO_set_conn_hostname(connection.get(), ("127.0.0.1:" + std::to_string(server.port())).c_str());
  SSL* inside = nullptr;
  BIO_get_ssl(connection.get(), &inside);
  return BIO_do_handshake(connection.get()) == 1
             ? std::string(::SSL_get_version(inside)) + ' ' + ::SSL_get_cipher_name(inside)
             : "";
}

TEST(RedisTls, ServerOfOldTlsOnlyIsRefused) {
  for (const std::string version : {"TLSv1", "TLSv1.1"}) {
    TlsServer tls(good, "no", {"--tls-protocols", version, "--tls-ciphers", "DEFAULT:@SECLEVEL=0"});
    ASSERT_TRUE(weakest_that_it_speaks(tls.server()).starts_with(version)) << "it works for others";
    EXPECT_TRUE(is_failure(failure_to_open(tls.options()), errc::unsuitable_store,
                           {"TLS failed", "1.2 is the oldest that is taken"}));
  }
}

TEST(RedisTls, ServerOfWeakCiphersOnlyIsRefused) {
  TlsServer tls(good, "no", {"--tls-protocols", "TLSv1.2", "--tls-ciphers", "eNULL:@SECLEVEL=0"});
  ASSERT_NE(weakest_that_it_speaks(tls.server()).find("NULL"), std::string::npos)
      << "it works for others, and encrypts nothing";
  EXPECT_TRUE(is_failure(failure_to_open(tls.options()), errc::unsuitable_store,
                         {"TLS failed", "weak ciphers only"}));
}

TEST(RedisTls, PlainPortIsToldAsSuch) {
  const Server server;
  const TlsServer tls(good);
  RedisStoreOptions options = tls.options();
  options.port = server.port();
  options.connect_timeout = 5s;  // far longer than the one try, whose end says what it was
  EXPECT_TRUE(is_failure(failure_to_open(options), errc::store_unavailable, {"Is it a TLS port?"}));
}

TEST(RedisTls, TlsPortWithoutTlsIsToldAsSuch) {
  const TlsServer tls(good);
  RedisStoreOptions options = tls.options();
  options.tls = false;
  options.connect_timeout = 1s;
  EXPECT_TRUE(is_failure(failure_to_open(options), errc::store_unavailable,
                         {"must then begin with rediss:"}));
}

TEST(RedisTls, CaFileThatCannotBeUsedIsAMistake) {
  TlsServer tls(good);
  RedisStoreOptions options = tls.options();
  const SystemClockSource clock;
  for (const std::string name : {"no-such-file", "server.key"}) {
    options.ca_file = tls.file(name);
    try {
      open_redis_store(options, clock, nullptr);
      FAIL() << name << " was taken";
    } catch (const ValidationError& error) {
      ASSERT_EQ(error.mistakes().size(), 1U);
      EXPECT_EQ(error.mistakes()[0].field, "ca_file");
      EXPECT_NE(error.mistakes()[0].problem.find(name), std::string::npos);
    }
  }
}

// Somebody tidies up, and the connection breaks a week later: what comes back must not trust less.
TEST(RedisTls, CaFileThatIsGoneWhenTheConnectionBreaksIsTold) {
  TlsServer tls(good);
  RedisStoreOptions options = tls.options();
  options.ca_file = tls.file("trusted.crt");
  std::filesystem::copy_file(tls.file("authority.crt"), options.ca_file);
  RedisRequester requester(options);
  requester.inspect(key);
  std::filesystem::rename(options.ca_file, tls.file("moved.crt"));
  tls.server().restart(ServerData::lost);
  const auto says_why = [&] {
    const auto answer = requester.inspect_answer(key);
    const auto* failure = std::get_if<StoreFailure>(&answer);
    return failure != nullptr &&
           failure->message.find("cannot read certificates from") != std::string::npos;
  };
  EXPECT_TRUE(eventually(says_why));
  std::filesystem::rename(tls.file("moved.crt"), options.ca_file);
  EXPECT_TRUE(requester.works_again());
}

TEST(RedisTls, ProgramsThatAreStartedInheritNoConnection) {
  TlsServer tls(good);
  RedisRequester requester(tls.options());
  requester.inspect(key);
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl("/bin/sh", "sh", "-c", "ls -l /proc/self/fd >\"$0\"", tls.file("inherited").c_str(),
            nullptr);
    ::_exit(127);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  std::ifstream file(tls.file("inherited"));
  const std::string inherited{std::istreambuf_iterator<char>(file), {}};
  EXPECT_NE(inherited.find("-> "), std::string::npos);
  EXPECT_EQ(inherited.find("socket:"), std::string::npos) << inherited;
}

}  // namespace
}  // namespace exclusive_lock::live
