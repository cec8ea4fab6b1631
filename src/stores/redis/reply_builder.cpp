#include "stores/redis/reply_builder.hpp"

#include <algorithm>
#include <utility>

namespace exclusive_lock::redis {
namespace {

// Of the replies of our scripts. What a server announces is not taken for what it sends.
constexpr std::size_t usual_elements = 8;

}  // namespace

bool ReplyBuilder::add_value(Reply value, std::size_t depth) {
  Reply* place_for_it = place(depth);
  if (place_for_it == nullptr) {
    return false;
  }
  *place_for_it = std::move(value);
  return true;
}

bool ReplyBuilder::add_array(std::size_t elements, std::size_t depth) {
  if (elements > limits_.nodes) {
    return false;
  }
  Reply* array = place(depth);
  if (array == nullptr) {
    return false;
  }
  array->kind = Reply::Kind::array;
  array->elements.reserve(std::min(elements, usual_elements));
  open_.push_back(array);
  return true;
}

// The arrays below `depth` are complete, so no pointer that stays in open_ is into a vector that
// can still move.
Reply* ReplyBuilder::place(std::size_t depth) {
  if (++nodes_ > limits_.nodes || depth > limits_.depth || depth > open_.size()) {
    return nullptr;
  }
  open_.resize(depth);
  if (depth > 0) {
    return &open_.back()->elements.emplace_back();
  }
  if (has_root_) {
    return nullptr;
  }
  has_root_ = true;
  return &root_;
}

void ReplyBuilder::clear() {
  root_ = {};
  has_root_ = false;
  nodes_ = 0;
  open_.clear();
}

Reply ReplyBuilder::take() {
  Reply reply = std::move(root_);
  clear();
  return reply;
}

}  // namespace exclusive_lock::redis
