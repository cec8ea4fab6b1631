// What becomes of requests when the connection or the server does.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <thread>

#include "exclusive_lock/connection.hpp"
#include "exclusive_lock/exclusive_lock.hpp"
#include "live/comes_true.hpp"
#include "live/job_key.hpp"
#include "live/redis_requester.hpp"

namespace exclusive_lock::live {
namespace {

using namespace std::chrono_literals;

TEST(RedisConnection, ComesBackAfterTheServerWasKilledAndRestarted) {
  Server server;
  RedisRequester requester(server);
  const Owner owner = new_owner();
  const Fence first = requester.attempt(key, owner).fence;
  server.kill();
  const auto failure = failure_in(requester.inspect_answer(key, 100ms));
  EXPECT_TRUE(failure.code == errc::store_unavailable || failure.code == errc::outcome_unknown)
      << failure.message;
  server.restart(ServerData::lost);
  // It waits for the connection, which comes within its time.
  const AttemptReply reply = requester.attempt(key, with_ticket(owner, 2));
  EXPECT_EQ(reply.outcome, AttemptReplyStatus::granted);
  EXPECT_GT(reply.fence, first);  // G2, although the counter is lost
}

// Of the client that calls itself so; empty: it is not connected.
std::string client_id(RawClient& client, const std::string& name) {
  std::istringstream lines(client.text({"CLIENT", "LIST"}));
  for (std::string line; std::getline(lines, line);) {
    if (line.find(" name=" + name + " ") != std::string::npos) {
      return line.substr(0, line.find(' '));
    }
  }
  return "";
}

// The last caller leaves nobody told of news, as none are to come; but of the end somebody hears.
// (A sign of life is asked for after half of the command timeout only.)
TEST(RedisConnection, EndBetweenTwoCallsIsNoticedAtOnce) {
  Server server;
  ExclusiveLock lock({.app_name = "job",
                      .cache_connection = connect(
                          server.url(), {.connect_timeout = 5min, .command_timeout = 5min})});
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(lock.acquire());
    ASSERT_EQ(lock.release(), ReleaseOutcome::released);
    RawClient client = server.client();
    const std::string before = client_id(client, "exclusive-lock");
    ASSERT_FALSE(before.empty());
    client.must({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
    EXPECT_TRUE(comes_true([&] {
      const std::string now = client_id(client, "exclusive-lock");
      return !now.empty() && now != before;
    }));
  }
}

TEST(RedisConnection, WithoutAServerNothingIsSentAndTheReasonIsTold) {
  Server server;
  RedisRequester requester(server);
  server.kill();
  ASSERT_TRUE(eventually([&] {
    return failure_in(requester.inspect_answer(key, 50ms)).code == errc::store_unavailable;
  }));
  const Instant before = requester.now();
  const auto failure =
      failure_in(requester.attempt_answer(requester.request(key, new_owner()), 300ms));
  EXPECT_TRUE(is_failure(failure, errc::store_unavailable, {"refused", server.url()}));
  EXPECT_FALSE(failure.may_have_run);
  EXPECT_GE(requester.now() - before, 300ms);
}

// A child of fork() that runs no other program keeps the socket open: what ends is not told of for
// ever.
TEST(RedisConnection, IsQuietAfterItsEndAlsoWhereAForkedChildKeepsTheSocket) {
  Server server;
  RedisRequester requester(server);
  requester.attempt(key, new_owner());
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  ASSERT_GT(child, 0);
  server.kill();
  server.restart(ServerData::lost);
  requester.attempt(key, new_owner());
  const auto used = [] {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  };
  const auto before = used();
  std::this_thread::sleep_for(300ms);
  EXPECT_LT(used() - before, 100ms) << "a thread that spins";
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

TEST(RedisConnection, OpenSaysWhyThereIsNone) {
  std::uint16_t port = 0;
  {
    const Server server;
    port = server.port();
  }
  RedisStoreOptions options{.host = "127.0.0.1",
                            .port = port,
                            .unix_socket = {},
                            .username = {},
                            .password = {},
                            .ca_file = {},
                            .connect_timeout = 200ms,
                            .url = "redis://127.0.0.1"};
  EXPECT_TRUE(is_failure(failure_to_open(options), errc::store_unavailable, {"refused"}));
  options.host = "no-such-host.invalid";
  EXPECT_TRUE(is_failure(failure_to_open(options), errc::store_unavailable, {"cannot connect"}));
  options.unix_socket = "/no/such/socket";
  EXPECT_TRUE(is_failure(failure_to_open(options), errc::store_unavailable, {"No such file"}));
}

TEST(RedisConnection, PathOfASocketThatIsTooLongIsAMistake) {
  const SystemClockSource clock;
  RedisStoreOptions options{.host = {},
                            .unix_socket = "/" + std::string(200, 'x'),
                            .username = {},
                            .password = {},
                            .ca_file = {},
                            .url = "unix:///xxx"};
  EXPECT_THROW(open_redis_store(options, clock, nullptr), ValidationError);
}

TEST(RedisConnection, FrozenServerEndsRequestsAtTheirDeadlineAsUnknown) {
  Server server;
  RedisRequester requester(server);
  requester.inspect(key);
  server.pause();
  const Instant before = requester.now();
  const auto failure =
      failure_in(requester.attempt_answer(requester.request(key, new_owner()), 300ms));
  EXPECT_TRUE(is_failure(failure, errc::outcome_unknown));
  EXPECT_TRUE(failure.may_have_run);
  EXPECT_GE(requester.now() - before, 300ms);
  // The connection is given up; what is asked then is not sent, or not answered either.
  ASSERT_TRUE(eventually([&] {
    return failure_in(requester.inspect_answer(key, 50ms)).code == errc::store_unavailable;
  }));
  server.resume();
  EXPECT_TRUE(requester.works_again());
}

TEST(RedisConnection, LateReplyIsNotGivenToTheNextRequest) {
  Server server;
  RedisStoreOptions options = options_for(server);
  options.command_timeout = 10s;  // the connection stays
  RedisRequester requester(options);
  requester.attempt(key, new_owner());
  RawClient client = server.client();
  client.must({"CONFIG", "RESETSTAT"});
  server.pause();
  EXPECT_TRUE(is_failure(failure_in(requester.inspect_answer("exclusive-lock:none", 50ms)),
                         errc::outcome_unknown));
  server.resume();
  const auto record = requester.inspect(key);  // the reply before it says that there is nothing
  ASSERT_TRUE(record);
  EXPECT_EQ(record->key, key);
  const std::string stats = client.text({"INFO", "stats"});
  EXPECT_NE(stats.find("total_connections_received:0\r"), std::string::npos) << stats;
}

// The server is stopped while the request is on its way, and goes on after its time.
bool leaves_a_record(Milliseconds request_lives) {
  Server server;
  RedisRequester requester(server);
  requester.attempt("exclusive-lock:other", new_owner());  // the script is there
  AttemptRequest request = requester.request(key, new_owner());
  const Instant sent_at = requester.now();
  request.not_after = sent_at + request_lives;
  server.pause();
  EXPECT_TRUE(
      is_failure(failure_in(requester.attempt_answer(request, 100ms)), errc::outcome_unknown));
  // What the client knows of the server's clock is good to some milliseconds.
  EXPECT_TRUE(eventually([&] { return requester.now() > sent_at + 500ms; }));
  server.resume();
  EXPECT_TRUE(requester.works_again());
  return server.client().integer({"EXISTS", key}) == 1;
}

TEST(RedisConnection, AbandonedRequestLeavesNoOrphanAfterItsTime) {
  EXPECT_FALSE(leaves_a_record(100ms));
}

TEST(RedisConnection, AbandonedRequestStillRunsWithinItsTime) { EXPECT_TRUE(leaves_a_record(1h)); }

TEST(RedisConnection, RequestInTimeIsGrantedWhateverTheServersClockSays) {
  Server server;
  RedisRequester requester(server);
  AttemptRequest request = requester.request(key, new_owner());
  request.not_after = requester.now() + 2s;
  EXPECT_EQ(reply_in(requester.attempt_answer(request)).outcome, AttemptReplyStatus::granted);
  AttemptRequest late = requester.request("exclusive-lock:late", new_owner());
  late.not_after = requester.now() - 10s;
  EXPECT_EQ(reply_in(requester.attempt_answer(late)).outcome, AttemptReplyStatus::too_late);
}

TEST(RedisConnection, KilledConnectionComesBack) {
  Server server;
  RedisRequester requester(server);
  for (int i = 0; i < 5; ++i) {
    server.client().must({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
    EXPECT_TRUE(requester.works_again());
  }
}

TEST(RedisConnection, CloseFailsWhatIsPending) {
  Server server;
  RedisRequester requester(server);
  requester.inspect(key);
  server.pause();
  std::promise<StoreFailure> sent;
  requester.store().inspect(key, requester.now() + test_limit,
                            [&sent](const auto& answer) { sent.set_value(failure_in(answer)); });
  requester.store().close();
  const auto failure = sent.get_future().get();
  EXPECT_EQ(failure.code, errc::connection_closed);
  EXPECT_TRUE(is_failure(failure_in(requester.inspect_answer(key)), errc::connection_closed));
  requester.store().close();
}

TEST(RedisConnection, NothingStaysBehind) {
  const auto count = [](const char* folder) {
    return std::distance(std::filesystem::directory_iterator(folder), {});
  };
  Server server;
  RedisRequester(server).inspect(key);  // what is made once per process is made now
  const auto descriptors = count("/proc/self/fd");
  const auto threads = count("/proc/self/task");
  for (int i = 0; i < 20; ++i) {
    RedisRequester(server).inspect(key);
  }
  EXPECT_EQ(count("/proc/self/fd"), descriptors);
  EXPECT_EQ(count("/proc/self/task"), threads);
}

TEST(RedisConnection, ForkedChildHasNothingAndHurtsNothing) {
  Server server;
  auto requester = std::make_unique<RedisRequester>(server);
  const Owner owner = new_owner();
  requester->attempt(key, owner);
  const pid_t child = ::fork();
  if (child == 0) {
    const bool attempt_fails =
        is_failure(failure_in(requester->attempt_answer(requester->request(key, owner))),
                   errc::connection_closed);
    const bool refresh_fails = is_failure(
        failure_in(requester->refresh_answer({{.key = key, .owner = owner, .ttl = long_ttl}})),
        errc::connection_closed);
    const bool release_fails =
        is_failure(failure_in(requester->release_answer(key, owner)), errc::connection_closed);
    const bool inspect_fails =
        is_failure(failure_in(requester->inspect_answer(key)), errc::connection_closed);
    const bool list_fails =
        is_failure(failure_in(requester->list_answer("exclusive-lock:")), errc::connection_closed);
    requester.reset();
    ::_exit(attempt_fails && refresh_fails && release_fails && inspect_fails && list_fails ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(requester->refresh(key, owner), RefreshReplyStatus::refreshed);
  EXPECT_EQ(requester->release(key, owner), ReleaseReplyStatus::released);
}

class Transports : public testing::TestWithParam<ServerTransport> {};

TEST_P(Transports, ProgramsThatAreStartedInheritNoConnection) {
  Server server({.transport = GetParam()});
  RedisRequester requester(server);
  requester.inspect(key);
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl("/bin/sh", "sh", "-c", "ls -l /proc/self/fd >\"$0\"",
            (server.folder() / "inherited").c_str(), nullptr);
    ::_exit(127);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  std::ifstream file(server.folder() / "inherited");
  const std::string inherited{std::istreambuf_iterator<char>(file), {}};
  EXPECT_NE(inherited.find("-> "), std::string::npos);
  EXPECT_EQ(inherited.find("socket:"), std::string::npos) << inherited;
}

INSTANTIATE_TEST_SUITE_P(All, Transports,
                         testing::Values(ServerTransport::tcp, ServerTransport::unix_socket),
                         [](const auto& info) {
                           return info.param == ServerTransport::tcp ? "tcp" : "unix_socket";
                         });

}  // namespace
}  // namespace exclusive_lock::live
