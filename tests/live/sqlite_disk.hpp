#pragma once
// The disk that SQLite meets in this process, for tests of the embedded store. SQLite calls open(2)
// and pwrite(2) through a table that tests may change (sqlite3_vfs.xSetSystemCall), so a full disk
// needs neither a small file system nor the right to mount one.

namespace exclusive_lock::live {

// From now on `error_of_write` is asked at each write, from any thread, whether it would make the
// file longer, and gives the error number that the write fails with; 0: it is carried out. Throws
// std::runtime_error where this SQLite writes in another way.
void failure_sqlite_writes(int (*error_of_write)(bool grows));
// Writes are SQLite's own again.
void heal_sqlite_writes();
// `before` is called with the path of each file that SQLite opens, before it does; nullptr: no
// more.
void watch_sqlite_opens(void (*before)(const char* path));

}  // namespace exclusive_lock::live
