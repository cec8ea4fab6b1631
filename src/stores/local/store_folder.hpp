#pragma once
// From a place to the open folder of the store in it (directory.hpp has the rules): whether the way
// there can be trusted, what the directory must be, and the folder that is made in it.

#include <string>

#include "stores/local/directory.hpp"

namespace exclusive_lock {

// Of the folder in the directory.
inline constexpr const char* store_folder_name = "exclusive-lock.d";

struct StoreFolder {
  std::string directory;  // absolute, without symbolic links
  std::string folder;
  Descriptor descriptor;  // of the folder
};

// Throws LocalError.
StoreFolder open_store_folder(const StorePlace& place, StoreDirectory::FileSystemCheck* check);

}  // namespace exclusive_lock
