// The servers that other tests rely on.

#include "live/server.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

namespace exclusive_lock::live {
namespace {

using namespace std::chrono_literals;

TEST(Server, AnswersOnAPortOfItsOwn) {
  Server one;
  Server other;
  EXPECT_NE(one.port(), other.port());
  one.client().must({"SET", "k", "1"});
  EXPECT_TRUE(other.client().command({"GET", "k"}).is_null());
  EXPECT_EQ(one.client().text({"GET", "k"}), "1");
}

TEST(Server, AnswersOnASocketWithoutAPort) {
  Server server({.transport = ServerTransport::unix_socket});
  EXPECT_EQ(server.client().text({"PING"}), "PONG");
  EXPECT_EQ(server.url(), "unix://" + server.socket_path().string());
}

TEST(Server, PidIsTheServersOwn) {
  Server server;
  const std::string info = server.client().text({"INFO", "server"});
  EXPECT_NE(info.find("process_id:" + std::to_string(server.pid()) + "\r"), std::string::npos);
}

TEST(Server, TakesMoreArguments) {
  Server server({.arguments = {"--requirepass", "secret"}});
  RawClient client = server.client();
  EXPECT_TRUE(client.command({"GET", "k"}).is_error("NOAUTH"));
  client.must({"AUTH", "secret"});
  EXPECT_TRUE(client.command({"GET", "k"}).is_null());
}

TEST(Server, RestartAfterKillLosesOrKeepsDataAsAsked) {
  Server server({.persistent = true});
  const auto port = server.port();
  server.client().must({"SET", "k", "1"});
  server.kill();
  EXPECT_EQ(server.pid(), 0);
  server.restart(ServerData::kept);
  EXPECT_EQ(server.client().text({"GET", "k"}), "1");
  server.restart(ServerData::lost);
  EXPECT_TRUE(server.client().command({"GET", "k"}).is_null());
  EXPECT_EQ(server.port(), port);
}

TEST(Server, WithoutPersistenceNothingIsKept) {
  Server server;
  server.client().must({"SET", "k", "1"});
  server.stop();
  EXPECT_THROW(server.restart(ServerData::kept), std::logic_error);
  server.restart(ServerData::lost);
  EXPECT_TRUE(server.client().command({"GET", "k"}).is_null());
}

TEST(Server, PausedAnswersNothingUntilItIsResumed) {
  Server server;
  RawClient client(server.port(), 50ms);
  server.pause();
  client.send({"SET", "k", "1"});
  EXPECT_THROW(client.receive(), std::runtime_error);
  server.resume();
  EXPECT_EQ(server.client().text({"PING"}), "PONG");
}

// Another server that came to be there meanwhile answers as well, and is not ours.
TEST(Server, TakesNobodyElsesForItsOwn) {
  Server server;
  server.stop();
  Server other({.transport = ServerTransport::unix_socket,
                .arguments = {"--port", std::to_string(server.port())}});
  ASSERT_EQ(RawClient(server.port()).text({"PING"}), "PONG");
  EXPECT_THROW(server.restart(ServerData::lost), std::runtime_error);
  EXPECT_EQ(server.pid(), 0);
  other.stop();
  server.restart(ServerData::lost);
  EXPECT_EQ(server.client().text({"PING"}), "PONG");
}

TEST(Server, StopsEvenWhenPaused) {
  Server server;
  server.pause();
  server.stop();
  EXPECT_EQ(server.pid(), 0);
}

TEST(Server, ReportsWhyItDidNotStart) {
  try {
    Server server({.arguments = {"--no-such-option", "1"}});
    FAIL() << "it started";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("no-such-option"), std::string::npos) << error.what();
  }
}

TEST(Server, DiesWithTheProcessThatStartedIt) {
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    Server server;
    const pid_t pid = server.pid();
    const bool written = ::write(pipe_ends[1], &pid, sizeof pid) == sizeof pid;
    ::raise(SIGKILL);
    ::_exit(written ? 0 : 1);
  }
  ::close(pipe_ends[1]);
  pid_t pid = 0;
  ASSERT_EQ(::read(pipe_ends[0], &pid, sizeof pid), static_cast<ssize_t>(sizeof pid));
  ::close(pipe_ends[0]);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  // Dead at once; somebody else (init) collects it, so wait for its name to go.
  const auto give_up_at = std::chrono::steady_clock::now() + 10s;
  const auto runs = [pid] {
    std::error_code error;
    return std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/exe", error) !=
           std::filesystem::path();
  };
  while (runs() && std::chrono::steady_clock::now() < give_up_at) {
    std::this_thread::yield();
  }
  EXPECT_FALSE(runs());
}

TEST(TemporaryDirectory, GoesWithItsContents) {
  std::filesystem::path path;
  {
    TemporaryDirectory folder;
    path = folder.path();
    std::filesystem::create_directories(path / "a" / "b");
    EXPECT_TRUE(std::filesystem::exists(path));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace exclusive_lock::live
