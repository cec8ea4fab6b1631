#pragma once
// From what the parser of Boost.Redis reports to whole replies, within limits. Not more of
// Boost.Redis than its parser: so the fuzz targets read as a link does.

#include <boost/redis/adapter/any_adapter.hpp>
#include <boost/redis/resp3/node.hpp>
#include <functional>
#include <memory>

#include "stores/redis/reply_builder.hpp"

namespace exclusive_lock::redis {

// The largest reply is an inspect(): one value of 1 MiB contents and what surrounds it. Longer
// values of strangers are cut in the script (script_calls.hpp).
inline constexpr std::size_t most_reply_bytes = 2 * 1024 * 1024;

// A push of ours has three short words.
inline constexpr ReplyLimits push_limits{.depth = 2, .nodes = 64};

// False: more than we take.
[[nodiscard]] bool add_node(ReplyBuilder& builder, const boost::redis::resp3::node_view& node);

// Takes whatever comes, in order, and gives it to whoever listens, which may change meanwhile. What
// is over a limit is an error, which ends the connection.
boost::redis::any_adapter reply_adapter(std::shared_ptr<ReplyBuilder> builder,
                                        const std::function<void(Reply)>& listener);

}  // namespace exclusive_lock::redis
