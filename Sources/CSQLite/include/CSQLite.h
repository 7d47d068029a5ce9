// A call of SQLite that Swift does not see, for it takes any number of arguments.
#ifndef SOJOURN_CSQLITE_H
#define SOJOURN_CSQLITE_H

/// Has SQLite not count the memory of the process, for which each allocation would take a lock. Does nothing
/// once SQLite is in use.
void sojourn_sqlite_count_no_memory(void);

#endif
