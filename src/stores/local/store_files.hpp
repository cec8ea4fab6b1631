#pragma once
// Opening the database of a store: the files that are the store's, or a new set of them.
//
// A new set is made where there is none yet, and where the files that are there are not those of
// the last entry in `holders` (some of them were deleted, replaced or restored). It is always
// a new database file, so that nothing that still has an old one open can reach it, also not
// within this process, where SQLite shares what it knows of a file. It gets the records of the old
// database: as the log has them where database and log are those that belong together, else as the
// database has them without any log. What is damaged is refused as it is, and nothing is deleted.
//
// A crash at any step leaves files that do not fit the last entry, and the next opening begins
// anew.

#include "stores/local/directory.hpp"
#include "stores/local/holders_file.hpp"
#include "stores/local/sqlite.hpp"

namespace exclusive_lock {

// With its log and shared memory open; `holders` has adopted them. Not checked yet but for its
// format. Throws LocalError and SqliteError. Waits for other processes for 5 s at most.
Database open_store_database(const StoreDirectory& directory, HoldersFile& holders);

}  // namespace exclusive_lock
