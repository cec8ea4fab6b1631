#include "stores/local/push_socket.hpp"

#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "os/quiet_thread.hpp"
#include "stores/local/local_error.hpp"
#include "stores/local/push_message.hpp"

namespace exclusive_lock {
namespace {

// A process that waits in a crowd of thousands need not look at all of them.
constexpr std::size_t max_sockets = 256;

Descriptor new_socket(const StoreDirectory& directory) {
  Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) {
    throw_errno(errno, directory.path(), "cannot make a socket");
  }
  return socket;
}

FileIdentity identity_of(const Descriptor& file) noexcept {
  struct stat status {};
  return ::fstat(file.get(), &status) == 0
             ? FileIdentity{.device = status.st_dev, .inode = status.st_ino}
             : FileIdentity{};
}

}  // namespace

// What the thread uses. It shares it, so that it may be left behind where nothing can wake it.
struct PushListener::Ear {
  Ear(Descriptor made, OnWakeUp wake_up)
      : socket(std::move(made)), identity(identity_of(socket)), on_wake_up(std::move(wake_up)) {}

  void listen() {
    std::array<char, push_size + 1>
        bytes{};  // one more, so that a longer one is not taken for ours
    while (true) {
      const ssize_t size = ::recv(socket.get(), bytes.data(), bytes.size(), 0);
      const int error_number = errno;
      if (is_over || (size < 0 && error_number != EINTR)) {
        return;  // the program has closed the descriptor: heartbeats find the grants
      }
      if (const auto wake_up =
              decode_push({bytes.data(), size < 0 ? 0 : static_cast<std::size_t>(size)})) {
        on_wake_up(*wake_up);
      }
    }
  }

  const Descriptor socket;
  const FileIdentity identity;
  const OnWakeUp on_wake_up;
  std::atomic<bool> is_over = false;
};

PushListener::PushListener(const StoreDirectory& directory, HolderId store, OnWakeUp on_wake_up)
    : directory_(directory),
      store_(store),
      ear_(std::make_shared<Ear>(new_socket(directory), std::move(on_wake_up))) {
  const std::string name = push_socket_name(store_);
  directory_.bind_socket(ear_->socket, name);
  try {
    thread_ = quiet_thread([ear = ear_]() noexcept { ear->listen(); });
  } catch (const std::exception&) {
    directory_.remove(name);
    throw;
  }
}

PushListener::~PushListener() {
  directory_.remove(push_socket_name(store_));
  ear_->is_over = true;
  // Where the program has closed the descriptor, its number may be another's by now, and the thread
  // cannot be woken: it sleeps until the process ends.
  const bool is_ours = identity_of(ear_->socket) == ear_->identity;
  if (is_ours && ::shutdown(ear_->socket.get(), SHUT_RDWR) == 0) {
    thread_.join();
  } else {
    thread_.detach();
  }
}

void PushSender::send(HolderId to, const WakeUp& wake_up) noexcept {
  try {
    if (!socket_.is_open()) {
      socket_ = new_socket(directory_);
    }
    const Descriptor there = directory_.look_at_socket(push_socket_name(to));
    if (!there.is_open()) {
      return;  // its store hears no pushes, or is gone
    }
    const PushBytes bytes = encode_push(wake_up);
    const SocketAddress address(path_of_handle(there));
    // It fails where the listener is far behind, or dead. A heartbeat finds the grant.
    static_cast<void>(::sendto(socket_.get(), bytes.data(), bytes.size(),
                               MSG_DONTWAIT | MSG_NOSIGNAL, address.get(), address.size()));
  } catch (const std::exception&) {
    // No descriptor or memory for a push: the same.
  }
}

void remove_socket_of_dead(const StoreDirectory& directory, const Holder& holder, HolderId store) {
  if (!holder.is_alive(store)) {
    directory.remove(push_socket_name(store));
  }
}

void sweep_sockets(const StoreDirectory& directory, const Holder& holder) {
  for (const std::string& name : directory.names(push_socket_prefix, max_sockets)) {
    if (const auto store = store_of_push_socket(name)) {
      remove_socket_of_dead(directory, holder, *store);
    }
  }
}

}  // namespace exclusive_lock
