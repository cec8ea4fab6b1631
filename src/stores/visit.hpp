#pragma once
// A short look of an event loop of the program's at the I/O of a store, which would otherwise be
// done by a thread of the store's own (exclusive_lock/connection_io.hpp).

namespace exclusive_lock {

enum class VisitFor {
  handed_in,  // calls that were begun
  news,       // what has come
};

}  // namespace exclusive_lock
