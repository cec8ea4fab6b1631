#include "stores/redis/reply_adapter.hpp"

#include <boost/redis/error.hpp>
#include <charconv>
#include <utility>

namespace exclusive_lock::redis {

using NodeType = boost::redis::resp3::type;

bool add_node(ReplyBuilder& builder, const boost::redis::resp3::node_view& node) {
  const auto value = [&node](Reply::Kind kind) {
    return Reply{.kind = kind, .text = std::string(node.value)};
  };
  switch (node.data_type) {
    case NodeType::array:
    case NodeType::set:
    case NodeType::push:
      return builder.add_array(node.aggregate_size, node.depth);
    case NodeType::map:
    case NodeType::attribute:
      return node.aggregate_size <= most_reply_bytes &&
             builder.add_array(2 * node.aggregate_size, node.depth);
    case NodeType::null:
      return builder.add_value({}, node.depth);
    case NodeType::simple_error:
    case NodeType::blob_error:
      return builder.add_value(value(Reply::Kind::error), node.depth);
    case NodeType::number: {
      Reply reply = value(Reply::Kind::integer);
      const char* end = reply.text.data() + reply.text.size();
      const auto [stopped, error] = std::from_chars(reply.text.data(), end, reply.integer);
      reply.text.clear();
      return error == std::errc{} && stopped == end &&
             builder.add_value(std::move(reply), node.depth);
    }
    case NodeType::simple_string:
    case NodeType::blob_string:
    case NodeType::verbatim_string:
    case NodeType::doublean:
    case NodeType::boolean:
    case NodeType::big_number:
      return builder.add_value(value(Reply::Kind::string), node.depth);
    case NodeType::streamed_string:
    case NodeType::streamed_string_part:
    case NodeType::invalid:
      return false;  // no server that we know sends them
  }
  return false;
}

boost::redis::any_adapter reply_adapter(std::shared_ptr<ReplyBuilder> builder,
                                        const std::function<void(Reply)>& listener) {
  using ParseEvent = boost::redis::any_adapter::parse_event;
  return boost::redis::any_adapter{[builder = std::move(builder), &listener](
                                       ParseEvent event, const boost::redis::resp3::node_view& node,
                                       boost::system::error_code& error) {
    switch (event) {
      case ParseEvent::init:
        return builder->clear();
      case ParseEvent::node:
        if (!add_node(*builder, node)) {
          error = boost::redis::error::incompatible_size;
        }
        return;
      case ParseEvent::done:
        return listener(builder->take());
    }
  }};
}

}  // namespace exclusive_lock::redis
