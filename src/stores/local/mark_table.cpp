#include "stores/local/mark_table.hpp"

#include <algorithm>
#include <string>

#include "local_sql.hpp"

namespace exclusive_lock {
namespace {

StoredMark mark_of(const Query& query, std::int64_t wall_us) {
  return {.key = std::string(query.bytes(0)),
          .value = std::string(query.bytes(1)),
          .read_at = StoreTime(wall_us)};
}

}  // namespace

MarkTable::MarkTable(Database& database)
    : find_(database, local_sql::mark_find.text),
      list_(database, local_sql::mark_list.text),
      put_(database, local_sql::mark_put.text),
      drop_(database, local_sql::mark_drop.text),
      drop_expired_(database, local_sql::mark_drop_expired.text) {}

std::optional<StoredMark> MarkTable::find(std::string_view key, std::int64_t wall_us) {
  Query query(find_);
  query.bind_bytes(1, key).bind(2, wall_us);
  return query.next() ? std::optional(mark_of(query, wall_us)) : std::nullopt;
}

void MarkTable::list(std::string_view key_prefix, std::int64_t wall_us,
                     const std::function<bool(StoredMark)>& each) {
  Query query(list_);
  query.bind_bytes(1, key_prefix).bind(2, wall_us);
  while (query.next() && query.bytes(0).starts_with(key_prefix) && each(mark_of(query, wall_us))) {
  }
}

void MarkTable::put(std::string_view key, std::string_view value, Milliseconds ttl,
                    std::int64_t wall_us) {
  Query(drop_expired_).bind(1, wall_us).run();
  const StoreTime lives(std::max(ttl, Milliseconds(1)));
  Query(put_).bind_bytes(1, key).bind_bytes(2, value).bind(3, wall_us + lives.count()).run();
}

void MarkTable::drop(std::string_view key) { Query(drop_).bind_bytes(1, key).run(); }

}  // namespace exclusive_lock
