#include "stores/local/waiter_table.hpp"

#include <algorithm>
#include <limits>

#include "core/options_check.hpp"
#include "local_sql.hpp"
#include "stores/grant_rules.hpp"

namespace exclusive_lock {
namespace {

std::string_view id_of(const Owner& owner) {
  return {reinterpret_cast<const char*>(owner.id.data()), owner.id.size()};
}

// An id of another size was not written by this program: zeros, which no owner has.
Owner owner_of(std::string_view id, std::int64_t ticket) {
  Owner owner{.id = {}, .ticket = static_cast<Ticket>(ticket)};
  if (id.size() == owner.id.size()) {
    std::copy(id.begin(), id.end(), owner.id.begin());
  }
  return owner;
}

// Beyond what a column holds there is no fence to be above.
std::int64_t integer_of(Fence floor) {
  constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(std::min(floor.value, most));
}

bool is_arrival(std::int64_t arrived_us) {
  return arrived_us >= 0 && arrived_us <= last_arrival.count();
}

// What the columns of an entry hold that this program wrote.
bool is_sound(const WaiterRow& row, std::size_t id_size, std::int64_t floor) {
  return id_size == row.owner.id.size() && is_arrival(row.arrived_us) &&
         row.confirm_ttl >= Milliseconds(1) && row.confirm_ttl <= max_ttl && floor >= 0 &&
         can_grow(row.floor);
}

// The columns of every statement that reads whole rows.
std::optional<WaiterRow> row_of(Query& query) {
  if (!query.next()) {
    return std::nullopt;
  }
  WaiterRow row{
      .id = query.integer(0),
      .owner = owner_of(query.bytes(1), query.integer(2)),
      .arrived_us = query.integer(3),
      .confirm_ttl = Milliseconds(query.integer(4)),
      .floor = Fence{static_cast<std::uint64_t>(std::max<std::int64_t>(query.integer(5), 0))},
      .alive_until_ns = query.integer(6),
      .boot = boot_id_of(query.bytes(7)),
      .holder = query.integer(8),
      .is_detached = query.integer(9) != 0};
  row.is_sound = is_sound(row, query.bytes(1).size(), query.integer(5));
  return row;
}

}  // namespace

WaiterTable::WaiterTable(Database& database)
    : first_(database, local_sql::waiter_first.text),
      some_(database, local_sql::waiter_some.text),
      find_(database, local_sql::waiter_find.text),
      last_(database, local_sql::waiter_last.text),
      ahead_(database, local_sql::waiter_ahead.text),
      list_(database, local_sql::waiter_list.text),
      enter_(database, local_sql::waiter_enter.text),
      renew_(database, local_sql::waiter_renew.text),
      heartbeat_(database, local_sql::waiter_heartbeat.text),
      leave_(database, local_sql::waiter_leave.text),
      write_tail_(database, local_sql::waiter_write_tail.text),
      take_tail_(database, local_sql::waiter_take_tail.text) {}

std::optional<WaiterRow> WaiterTable::first(std::int64_t lock) {
  Query query(first_);
  query.bind(1, lock);
  return row_of(query);
}

std::vector<WaiterRow> WaiterTable::some(std::int64_t lock, std::int64_t from, int most) {
  Query query(some_);
  query.bind(1, lock).bind(2, from).bind(3, std::int64_t{most});
  std::vector<WaiterRow> rows;
  while (auto row = row_of(query)) {
    rows.push_back(*row);
  }
  return rows;
}

std::optional<WaiterRow> WaiterTable::find(std::int64_t lock, const Owner& owner) {
  Query query(find_);
  query.bind(1, lock).bind_bytes(2, id_of(owner));
  return row_of(query);
}

std::optional<std::int64_t> WaiterTable::last_arrival_us(std::int64_t lock) {
  Query query(last_);
  query.bind(1, lock).bind(2, std::int64_t{last_arrival.count()});
  return query.next() ? query.optional_integer(0) : std::nullopt;
}

std::size_t WaiterTable::ahead_of(std::int64_t lock, const WaiterRow& waiter) {
  Query query(ahead_);
  query.bind(1, lock).bind(2, waiter.arrived_us).bind(3, waiter.id);
  return query.next() ? static_cast<std::size_t>(query.integer(0)) : 0;
}

std::vector<StoredWaiter> WaiterTable::list(std::int64_t lock, std::size_t most) {
  Query query(list_);
  query.bind(1, lock)
      .bind(2, static_cast<std::int64_t>(most))
      .bind(3, std::int64_t{waiter_tail_head_size});
  std::vector<StoredWaiter> waiters;
  while (query.next()) {
    if (query.bytes(0).size() != Owner{}.id.size() || !is_arrival(query.integer(2))) {
      continue;
    }
    waiters.push_back({.owner = owner_of(query.bytes(0), query.integer(1)),
                       .arrived_at = StoreTime(query.integer(2)),
                       .tail_head = std::string(query.bytes(3))});
  }
  return waiters;
}

void WaiterTable::enter(std::int64_t lock, WaiterRow& waiter, std::string_view tail) {
  {
    Query query(enter_);
    query.bind(1, lock)
        .bind(2, waiter.arrived_us)
        .bind_bytes(3, id_of(waiter.owner))
        .bind(4, static_cast<std::int64_t>(waiter.owner.ticket))
        .bind(5, std::int64_t{waiter.confirm_ttl.count()})
        .bind(6, integer_of(waiter.floor))
        .bind(7, waiter.alive_until_ns)
        .bind_bytes(8, waiter.boot ? bytes_of(*waiter.boot) : std::string_view())
        .bind(9, waiter.holder)
        .bind(10, std::int64_t{waiter.is_detached ? 1 : 0});
    if (query.next()) {
      waiter.id = query.integer(0);
    }
    query.run();
  }
  Query(write_tail_).bind(1, waiter.id).bind_bytes(2, tail).run();
}

void WaiterTable::renew(const WaiterRow& waiter, std::string_view tail) {
  Query(renew_)
      .bind(1, waiter.id)
      .bind(2, static_cast<std::int64_t>(waiter.owner.ticket))
      .bind(3, std::int64_t{waiter.confirm_ttl.count()})
      .bind(4, integer_of(waiter.floor))
      .bind(5, waiter.alive_until_ns)
      .bind_bytes(6, waiter.boot ? bytes_of(*waiter.boot) : std::string_view())
      .bind(7, waiter.holder)
      .bind(8, std::int64_t{waiter.is_detached ? 1 : 0})
      .run();
  Query(write_tail_).bind(1, waiter.id).bind_bytes(2, tail).run();
}

void WaiterTable::heartbeat(std::int64_t id, std::int64_t alive_until_ns) {
  Query(heartbeat_).bind(1, id).bind(2, alive_until_ns).run();
}

std::optional<std::string> WaiterTable::take(std::int64_t id) {
  Query(leave_).bind(1, id).run();
  Query query(take_tail_);
  query.bind(1, id);
  std::optional<std::string> tail;
  if (query.next()) {
    tail = query.bytes(0);
  }
  query.run();
  return tail;
}

}  // namespace exclusive_lock
