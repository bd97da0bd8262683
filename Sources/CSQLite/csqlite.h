#include <sqlite3.h>

// SQLITE_TRANSIENT is a number cast to a function, which Swift does not see: both have SQLite copy the bytes.

static inline int fsac_sqlite_bind_text(sqlite3_stmt *statement, int place, const char *text, int bytes) {
    return sqlite3_bind_text(statement, place, text, bytes, SQLITE_TRANSIENT);
}

static inline int fsac_sqlite_bind_blob(sqlite3_stmt *statement, int place, const void *blob, int bytes) {
    return sqlite3_bind_blob(statement, place, blob, bytes, SQLITE_TRANSIENT);
}
