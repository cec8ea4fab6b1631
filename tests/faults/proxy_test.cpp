// The proxy does to the traffic what it says, seen from both ends: a plain client before it, and
// the same server asked past it.

#include "faults/proxy.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "live/comes_true.hpp"
#include "live/raw_client.hpp"
#include "live/server.hpp"

namespace exclusive_lock::faults {
namespace {

using namespace std::chrono_literals;
using live::comes_true;

constexpr auto limit = 10s;

class ProxyTest : public testing::Test {
 protected:
  [[nodiscard]] live::RawClient client(std::chrono::milliseconds timeout = limit) const {
    return {"127.0.0.1", proxy.port(), timeout};
  }
  [[nodiscard]] bool server_has(const std::string& key) const {
    return server.client().integer({"EXISTS", key}) == 1;
  }

  live::Server server;
  Proxy proxy{server.port()};
};

TEST_F(ProxyTest, PassesEverythingBothWays) {
  live::RawClient client = this->client();
  const std::string large(3'000'000, 'x');
  client.must({"SET", "k", large});
  EXPECT_EQ(client.text({"GET", "k"}), large);
  EXPECT_EQ(proxy.connections(), 1);
  EXPECT_EQ(proxy.strikes(), 0);
}

TEST_F(ProxyTest, LatencyDelaysEveryRoundTripByBothWays) {
  live::RawClient client = this->client();
  client.must({"PING"});
  proxy.shape(Way::to_server, {.latency = 30ms});
  proxy.shape(Way::to_client, {.latency = 20ms, .jitter = 10ms});
  for (int i = 0; i < 3; ++i) {
    const Instant asked_at = BootClock::now();
    client.must({"PING"});
    EXPECT_GE(BootClock::now() - asked_at, 50ms);
  }
}

TEST_F(ProxyTest, DripTakesItsTimeForEachPiece) {
  live::RawClient client = this->client();
  client.must({"PING"});
  proxy.shape(Way::to_client, {.piece = 1, .pause = 5ms});
  const Instant asked_at = BootClock::now();
  EXPECT_EQ(client.text({"PING"}), "PONG");  // +PONG\r\n
  EXPECT_GE(BootClock::now() - asked_at, 6 * 5ms);
}

TEST_F(ProxyTest, SlicesLoseNothing) {
  live::RawClient client = this->client();
  for (const Way way : {Way::to_server, Way::to_client}) {
    proxy.shape(way, {.piece = 1});
  }
  const std::string value(10'000, 'x');
  client.must({"SET", "k", value});
  EXPECT_EQ(client.text({"GET", "k"}), value);
}

TEST_F(ProxyTest, ResetOfARequestComesAfterSoManyBytes) {
  const std::string request = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\n1\r\n";
  live::RawClient client = this->client();
  client.must({"PING"});
  proxy.reset_at(Way::to_server, request.size() - 1);
  EXPECT_THROW(client.command({"SET", "k", "1"}), std::runtime_error);
  EXPECT_EQ(proxy.strikes(), 1);
  EXPECT_FALSE(server_has("k")) << "its last byte did not come";

  live::RawClient next = this->client();
  next.must({"PING"});
  proxy.reset_at(Way::to_server, request.size());
  EXPECT_THROW(next.command({"SET", "k", "1"}), std::runtime_error);
  EXPECT_TRUE(comes_true([&] { return server_has("k"); })) << "all of it came";
}

TEST_F(ProxyTest, ResetOfAReplyComesAfterSoManyBytes) {
  for (std::size_t n = 0; n < 5; ++n) {
    live::RawClient client = this->client();
    client.must({"PING"});
    proxy.reset_at(Way::to_client, n);  // of ":1\r\n"
    if (n < 4) {
      EXPECT_THROW(client.command({"INCR", "k"}), std::runtime_error);
    } else {
      EXPECT_EQ(client.integer({"INCR", "k"}), 5);
    }
  }
  EXPECT_EQ(server.client().text({"GET", "k"}), "5") << "all were carried out";
  EXPECT_TRUE(comes_true([&] { return proxy.strikes() == 5; }));
}

TEST_F(ProxyTest, SwallowedRequestsNeverArriveAndNoEndIsTold) {
  live::RawClient client = this->client(100ms);
  client.must({"PING"});
  proxy.swallow(Way::to_server);
  EXPECT_THROW(client.command({"SET", "k", "1"}), std::runtime_error);
  proxy.heal();
  EXPECT_THROW(client.command({"SET", "k", "1"}), std::runtime_error) << "bytes are missing";
  EXPECT_FALSE(server_has("k"));
  this->client().must({"SET", "k", "1"});
}

TEST_F(ProxyTest, SwallowedRepliesAreOfRequestsThatWereCarriedOut) {
  live::RawClient client = this->client(1s);  // what is answered, is so on a busy machine too
  client.must({"PING"});
  proxy.swallow(Way::to_client);
  EXPECT_THROW(client.command({"SET", "k", "1"}), std::runtime_error);
  EXPECT_TRUE(server_has("k"));
  EXPECT_THROW(this->client(100ms).must({"PING"}), std::runtime_error) << "new ones too";
}

TEST_F(ProxyTest, HalfOpenConnectionsEndWithTheFault) {
  const auto clients = [&] { return server.client().text({"CLIENT", "LIST", "TYPE", "normal"}); };
  {
    live::RawClient client = this->client();
    client.must({"CLIENT", "SETNAME", "half-open"});
    proxy.swallow(Way::to_server);
  }
  EXPECT_THROW(this->client(50ms).must({"PING"}),
               std::runtime_error);  // and so it has seen the end
  EXPECT_NE(clients().find("half-open"), std::string::npos);
  proxy.heal();
  EXPECT_TRUE(comes_true([&] { return clients().find("half-open") == std::string::npos; }));
}

TEST_F(ProxyTest, DroppedReplyIsOneReplyOfAConnectionThatGoesOn) {
  live::RawClient client = this->client();
  client.must({"PING"});
  proxy.drop_reply();
  client.send({"INCR", "k"});
  ASSERT_TRUE(comes_true([&] { return proxy.strikes() == 1; }));
  EXPECT_EQ(client.integer({"INCR", "k"}), 2) << "the reply 1 was lost";
}

TEST_F(ProxyTest, DroppedPushIsOneMessageAndNoReply) {
  live::RawClient subscriber = client();
  subscriber.must({"SUBSCRIBE", "channel"});
  live::RawClient client = this->client();
  proxy.drop_push();
  EXPECT_EQ(client.integer({"PUBLISH", "channel", "first"}), 1);
  ASSERT_TRUE(comes_true([&] { return proxy.strikes() == 1; }));
  EXPECT_EQ(client.integer({"PUBLISH", "channel", "second"}), 1);
  EXPECT_EQ(subscriber.receive().items.at(2).text, "second");
}

TEST_F(ProxyTest, HeldBytesPassInOrderAfterwards) {
  live::RawClient client = this->client();
  client.must({"PING"});
  proxy.hold(Way::to_server);
  client.send({"INCR", "k"});
  client.send({"INCR", "k"});
  EXPECT_THROW(this->client(50ms).must({"PING"}), std::runtime_error);
  EXPECT_FALSE(server_has("k"));
  proxy.heal();
  EXPECT_EQ(client.receive().integer, 1);
  EXPECT_EQ(client.receive().integer, 2);
}

TEST_F(ProxyTest, CutResetsAllAndTakesNewOnes) {
  live::RawClient client = this->client();
  client.must({"PING"});
  proxy.cut();
  EXPECT_THROW(client.command({"PING"}), std::runtime_error);
  this->client().must({"PING"});
}

TEST_F(ProxyTest, ServerThatIsGoneIsAReset) {
  server.kill();
  EXPECT_THROW(client().command({"PING"}), std::runtime_error);
  server.restart(live::ServerData::lost);
  client().must({"PING"});
}

TEST_F(ProxyTest, RedirectSendsNewConnectionsElsewhere) {
  const live::Server other;
  other.client().must({"SET", "k", "other"});
  live::RawClient old = client();
  old.must({"PING"});
  proxy.redirect(other.port());
  EXPECT_TRUE(old.command({"GET", "k"}).is_null());
  EXPECT_EQ(client().text({"GET", "k"}), "other");
}

}  // namespace
}  // namespace exclusive_lock::faults
