#include "stores/local/lock_table.hpp"

#include <algorithm>
#include <utility>

#include "local_sql.hpp"

namespace exclusive_lock {
namespace {

// Of a value, what stands in its row (see schema.sql): most records are shorter.
constexpr std::size_t max_in_row = 600;

// The columns 0 to 9 of every statement that reads rows.
LockRow row_of(const Query& query) {
  LockRow row;
  row.id = query.integer(0);
  row.fence = Fence{static_cast<std::uint64_t>(std::max<std::int64_t>(query.integer(1), 0))};
  row.granted_at_us = query.integer(2);
  if (!query.is_null(3)) {
    row.head = query.bytes(3);
  }
  row.rest_size = query.integer(4);
  row.expires_at_ns = query.optional_integer(5);
  row.boot = boot_id_of(query.bytes(6));
  row.holder = query.optional_integer(7);
  row.waiting = std::max<std::int64_t>(query.integer(8), 0);
  row.pass_count = std::max<std::int64_t>(query.integer(9), 0);
  return row;
}

// The columns 10 and 11 too.
WholeRow whole_row_of(const Query& query) {
  WholeRow whole{.row = row_of(query), .key = std::string(query.bytes(10)), .value = {}};
  const std::string_view rest = query.bytes(11);
  whole.value.reserve(whole.row.head.value_or("").size() + rest.size());
  whole.value.append(whole.row.head.value_or("")).append(rest);
  return whole;
}

}  // namespace

LockTable::LockTable(Database& database)
    : find_(database, local_sql::find.text),
      find_whole_(database, local_sql::find_whole.text),
      list_(database, local_sql::list.text),
      insert_(database, local_sql::insert.text),
      grant_(database, local_sql::grant.text),
      write_rest_(database, local_sql::write_rest.text),
      drop_rest_(database, local_sql::drop_rest.text),
      refresh_(database, local_sql::refresh.text),
      close_(database, local_sql::close.text),
      clear_(database, local_sql::clear.text),
      set_waiting_(database, local_sql::set_waiting.text),
      due_(database, local_sql::due.text),
      postpone_(database, local_sql::postpone.text),
      forget_(database, local_sql::forget.text) {}

std::optional<LockRow> LockTable::find(std::string_view key) {
  Query query(find_);
  query.bind_bytes(1, key);
  return query.next() ? std::optional(row_of(query)) : std::nullopt;
}

std::optional<WholeRow> LockTable::find_whole(std::string_view key) {
  Query query(find_whole_);
  query.bind_bytes(1, key);
  return query.next() ? std::optional(whole_row_of(query)) : std::nullopt;
}

void LockTable::list(std::string_view key_prefix, const std::function<bool(WholeRow)>& each) {
  Query query(list_);
  query.bind_bytes(1, key_prefix);
  while (query.next() && query.bytes(10).starts_with(key_prefix) && each(whole_row_of(query))) {
  }
}

LockRow LockTable::insert(std::string_view key, std::int64_t look_at_s) {
  Query query(insert_);
  query.bind_bytes(1, key).bind(2, look_at_s);
  LockRow row;
  if (query.next()) {
    row.id = query.integer(0);
  }
  query.run();
  return row;
}

LockRow LockTable::grant(const LockRow& row, const GrantedRow& grant) {
  const std::string_view head = grant.value.substr(0, max_in_row);
  const std::string_view rest = grant.value.substr(head.size());
  Query(grant_)
      .bind(1, row.id)
      .bind(2, static_cast<std::int64_t>(grant.fence.value))
      .bind(3, grant.granted_at_us)
      .bind_bytes(4, head)
      .bind(5, static_cast<std::int64_t>(rest.size()))
      .bind(6, grant.expires_at_ns)
      .bind_bytes(7, bytes_of(grant.boot))
      .bind(8, grant.holder)
      .run();
  if (!rest.empty()) {
    Query(write_rest_).bind(1, row.id).bind_bytes(2, rest).run();
  } else if (row.rest_size > 0) {
    Query(drop_rest_).bind(1, row.id).run();
  }
  return {.id = row.id,
          .fence = grant.fence,
          .granted_at_us = grant.granted_at_us,
          .head = std::string(head),
          .rest_size = static_cast<std::int64_t>(rest.size()),
          .expires_at_ns = grant.expires_at_ns,
          .boot = grant.boot,
          .holder = grant.holder,
          .waiting = row.waiting,
          .pass_count = row.pass_count};
}

void LockTable::refresh(std::int64_t id, std::int64_t expires_at_ns, bool detached) {
  Query(refresh_).bind(1, id).bind(2, expires_at_ns).bind(3, std::int64_t{detached}).run();
}

// The owner stands in the part that is in the row.
void LockTable::close(std::int64_t id, std::string_view value, std::int64_t expires_at_ns) {
  Query(close_).bind(1, id).bind_bytes(2, value.substr(0, max_in_row)).bind(3, expires_at_ns).run();
}

void LockTable::clear(const LockRow& row) {
  Query(clear_).bind(1, row.id).run();
  if (row.rest_size > 0) {
    Query(drop_rest_).bind(1, row.id).run();
  }
}

void LockTable::set_waiting(const LockRow& row) {
  Query(set_waiting_).bind(1, row.id).bind(2, row.waiting).bind(3, row.pass_count).run();
}

std::vector<LockRow> LockTable::due(std::int64_t now_s, std::int64_t latest_s, int most) {
  Query query(due_);
  query.bind(1, now_s).bind(2, latest_s).bind(3, std::int64_t{most});
  std::vector<LockRow> rows;
  while (query.next()) {
    rows.push_back(row_of(query));
  }
  return rows;
}

void LockTable::postpone(const LockRow& row, std::int64_t look_at_s) {
  Query(postpone_).bind(1, row.id).bind(2, look_at_s).run();
}

void LockTable::forget(const LockRow& row) {
  Query(forget_).bind(1, row.id).run();
  if (row.rest_size > 0) {
    Query(drop_rest_).bind(1, row.id).run();
  }
}

}  // namespace exclusive_lock
