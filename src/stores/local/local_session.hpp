#pragma once
// A store that is open: its directory, its proof of life, its database; and each verb as one
// transaction on them. One thread at a time; throws SqliteError and LocalError.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/protocol.hpp"
#include "stores/local/directory.hpp"
#include "stores/local/holder.hpp"
#include "stores/local/holders_file.hpp"
#include "stores/local/local_verbs.hpp"
#include "stores/local/lock_database.hpp"
#include "stores/local/lock_table.hpp"
#include "stores/local/machine.hpp"
#include "stores/local/mark_table.hpp"
#include "stores/local/push_socket.hpp"
#include "stores/local/waiter_table.hpp"

namespace exclusive_lock {

class LocalSession {
 public:
  // `machine` must outlive it.
  LocalSession(const StorePlace& place, const Machine& machine);

  // The directory, and the store's folder in it.
  [[nodiscard]] const std::string& path() const noexcept { return directory_.path(); }
  [[nodiscard]] const std::string& folder() const noexcept { return directory_.folder(); }

  // To be called before each verb: how it waits for other processes.
  void begin_verb(Wait wait) noexcept { database_.set_wait(wait); }

  // Verbs throw where the files are not those any more that other processes use; to refresh() all
  // is lost then, for others see nothing of what was held in them.

  AttemptReply attempt(const AttemptRequest& request);
  HeartbeatReply heartbeat(const HeartbeatRequest& request);
  RefreshReply refresh(const std::vector<RefreshRequest>& requests);
  ReleaseReply release(const ReleaseRequest& request);
  InspectReply inspect(std::string_view key);
  ListReply list(std::string_view key_prefix, std::size_t most);
  RemoveReply remove(std::string_view key, std::string_view expected);
  ListMarksReply list_marks(std::string_view key_prefix, std::size_t most);
  ForgetReply forget(std::string_view key);

  // Pushes to the waiters of this store are heard from now on. Throws LocalError, or
  // std::system_error. To be destroyed before this session.
  [[nodiscard]] std::unique_ptr<PushListener> hear_pushes(PushListener::OnWakeUp on_wake_up);

  // After a verb. Calls fsync.
  [[nodiscard]] bool is_checkpoint_due() const noexcept { return database_.is_checkpoint_due(); }
  void checkpoint() noexcept { database_.checkpoint(); }

 private:
  template <class Step>
  auto transaction(Transaction::Kind kind, Step step);
  template <class Step>
  auto written(Step step);
  void carry_out(const AfterCommit& after) noexcept;

  const Machine& machine_;
  StoreDirectory directory_;
  HoldersFile holders_;
  Holder holder_;
  LockDatabase database_;
  LockTable locks_;
  WaiterTable waiters_;
  MarkTable marks_;
  PushSender pushes_;
};

}  // namespace exclusive_lock
