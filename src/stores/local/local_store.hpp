#pragma once
// The embedded store: many processes of one machine, nothing to start (docs/local_store.md).
//
// Every verb is one SQLite transaction (lock_database.hpp). A record names the byte that its store
// keeps locked (holder.hpp), so that the death of its holder is noticed at the next attempt by
// anybody.
//
// Threads. One connection under one mutex (turn.hpp). A transaction takes some 10 us and SQLite
// lets one writer work at a time anyway, so a pool only moves the queue from a mutex, which wakes
// the next in line, to file locks, which everybody polls; measured with 1, 2 and 4 threads it was
// not faster. A verb is carried out by the calling thread and answered before the call returns,
// unless other processes or threads keep the store busy for more than 1 ms: then a thread of the
// store's does it later (late_requests.hpp), by the deadline. So no call waits for a stopped
// process, and the caller that waits for the answer can stop waiting. What a call may wait for is
// the disk: a write that the kernel does not take.
//
// Waiting (docs/decisions/0008-fair-hand-over.md). A store with waiters has a socket
// and one more thread, which receives wake-ups; the process that frees a lock hands it over in its
// transaction and sends the wake-up after it (wait_queue.hpp, push_socket.hpp).
//
// fork(). The child's copy answers connection_closed and touches neither SQLite nor the
// descriptors: its destructor leaks them on purpose.

#include <filesystem>
#include <memory>

#include "os/clock.hpp"
#include "stores/local/machine.hpp"
#include "stores/store.hpp"

namespace spdlog {
class logger;
}

namespace exclusive_lock {

struct LocalStoreOptions {
  std::filesystem::path directory;  // empty: the default place, see default_place.hpp
};

// Throws StoreError, or ValidationError for a path that cannot be one. A null `log` is silent.
// `clock` must outlive the store.
std::shared_ptr<Store> open_local_store(const LocalStoreOptions& options, const ClockSource& clock,
                                        std::shared_ptr<spdlog::logger> log);

// On a machine of one's choice: another boot, another wall clock.
std::shared_ptr<Store> open_local_store(const LocalStoreOptions& options, Machine machine,
                                        std::shared_ptr<spdlog::logger> log);

}  // namespace exclusive_lock
