"""SQLite behind the working copy in memory: rows are put into a buffer and written in batches by one thread.

A killed process loses at most the last `FLUSH_SECONDS`; a flush precedes every answer that reads the store.
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

FLUSH_SECONDS = 0.25

TABLES = {
    "meta": "key TEXT PRIMARY KEY, value TEXT",
    "apps": "app_id TEXT PRIMARY KEY, settings TEXT, app_private BLOB, platform_private BLOB",
    "people": "app_id TEXT, open_id TEXT, seq INTEGER, joined_at REAL, last_visit_at REAL, rejects INTEGER,"
    " not_interested TEXT, PRIMARY KEY (app_id, open_id)",
    "templates": "app_id TEXT, template_id TEXT, record TEXT, PRIMARY KEY (app_id, template_id)",
    "consents": "app_id TEXT, template_id TEXT, open_id TEXT, balance INTEGER,"
    " PRIMARY KEY (app_id, template_id, open_id)",
    "kept_choices": "app_id TEXT, template_id TEXT, open_id TEXT, choice TEXT,"
    " PRIMARY KEY (app_id, template_id, open_id)",
    "messages": "message_id INTEGER PRIMARY KEY, app_id TEXT, open_id TEXT, template_id TEXT, data TEXT,"
    " page TEXT, at REAL, day INTEGER, history INTEGER",
    "visits": "visit_id INTEGER PRIMARY KEY, message_id INTEGER, at REAL, reported TEXT",
    "actions": "action_id INTEGER PRIMARY KEY, app_id TEXT, open_id TEXT, at REAL, kind TEXT, detail TEXT",
    "records": "kind TEXT, key TEXT, record TEXT, PRIMARY KEY (kind, key)",
    "images": "image_id TEXT PRIMARY KEY, app_id TEXT, name TEXT, content_type TEXT, content BLOB,"
    " width INTEGER, height INTEGER",
    "log": "id INTEGER PRIMARY KEY, at REAL, received_at REAL, finished_at REAL, app_id TEXT, method TEXT,"
    " http_status INTEGER, code TEXT, sub_code TEXT, open_id TEXT, template_id TEXT, page TEXT,"
    " message_id INTEGER, accepted INTEGER, fault TEXT, truthful INTEGER, ambiguous INTEGER,"
    " cut_off INTEGER, history INTEGER, out_biz_no TEXT, order_modified_time TEXT, order_status TEXT,"
    " order_effect TEXT, activity_id TEXT, voucher_id TEXT, voucher_code TEXT, coupon_effect TEXT,"
    " card_no TEXT, occur_time TEXT, card_effect TEXT",
    "answered": "app_id TEXT, method TEXT, number TEXT, words TEXT, fields TEXT,"
    " PRIMARY KEY (app_id, method, number)",
    "vouchers": "voucher_id TEXT PRIMARY KEY, activity_id TEXT, app_id TEXT, open_id TEXT, code TEXT,"
    " claimed_at REAL, begins_at REAL, ends_at REAL, through TEXT, used_times INTEGER, ended TEXT,"
    " deleted INTEGER, told INTEGER, trade_no TEXT, uses TEXT",
    "voucher_codes": "activity_id TEXT, code TEXT, number INTEGER, PRIMARY KEY (activity_id, code)",
    "cards": "app_id TEXT, card_no TEXT, record TEXT, PRIMARY KEY (app_id, card_no)",
    "notices": "number INTEGER PRIMARY KEY, app_id TEXT, notify_id TEXT, kind TEXT, url TEXT, form TEXT,"
    " created_at REAL, due_at REAL, attempts INTEGER, state TEXT",
    "notice_deliveries": "delivery_id INTEGER PRIMARY KEY, number INTEGER, at REAL, sent_at REAL,"
    " finished_at REAL, http_status INTEGER, answer TEXT, outcome TEXT, extra INTEGER",
}
INDEXES = (
    "CREATE INDEX IF NOT EXISTS messages_person ON messages (app_id, open_id, message_id)",
    "CREATE INDEX IF NOT EXISTS visits_message ON visits (message_id)",
    "CREATE INDEX IF NOT EXISTS actions_person ON actions (app_id, open_id, action_id)",
    "CREATE INDEX IF NOT EXISTS log_app ON log (app_id, id)",
    "CREATE INDEX IF NOT EXISTS notices_app ON notices (app_id, number)",
    "CREATE INDEX IF NOT EXISTS notices_waiting ON notices (state) WHERE state = 'waiting'",
    "CREATE INDEX IF NOT EXISTS deliveries_notice ON notice_deliveries (number)",
    "CREATE INDEX IF NOT EXISTS log_activity ON log (activity_id, id) WHERE activity_id IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS log_card ON log (card_no, id) WHERE card_no IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS log_person ON log (app_id, open_id, id)",
)

Row = tuple[Any, ...]


class StoreInUse(Exception):
    """Another process holds the store file."""


class Disk:
    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.failure: str | None = None
        self._buffer: dict[str, dict[Any, Row]] = {table: {} for table in TABLES}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._connection = self._thread.submit(_open, path).result()

    def put(self, table: str, key: Any, row: Row) -> None:
        """Replace the row at its primary key; the newest put of a key wins."""
        self._buffer[table][key] = row

    async def flush(self) -> None:
        """Write everything put so far; raises what SQLite raises and keeps the rows for the next attempt.

        When cancelled too: a write that the thread has not begun never happens, and twice does no harm.
        """
        full, self._buffer = self._buffer, {table: {} for table in TABLES}
        if not any(full.values()):
            await self._run(_nothing)  # a flush under way in the thread ends before this one answers
            return
        try:
            await self._run(_write, self._connection, full)
        except asyncio.CancelledError:
            self._put_back(full)
            raise
        except sqlite3.Error as error:
            self._put_back(full)
            self.failure = f"the store could not be written: {error}"
            raise
        self.failure = None

    def _put_back(self, full: dict[str, dict[Any, Row]]) -> None:
        for table, rows in full.items():
            self._buffer[table] = rows | self._buffer[table]

    async def read(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        """Rows as of now: what is in the buffer is written first."""
        await self.flush()
        return await self._run(_fetch, self._connection, sql, args)

    def read_at_start(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        return self._thread.submit(_fetch, self._connection, sql, args).result()

    async def flush_for_ever(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            try:
                await self.flush()
            except sqlite3.Error:
                continue  # kept in the buffer and told by /healthz

    async def close(self) -> None:
        await self.flush()
        await self._run(self._connection.close)
        self._thread.shutdown()

    async def _run(self, function: Any, *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *args)


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=1, isolation_level=None)
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("BEGIN IMMEDIATE")
        for table, columns in TABLES.items():
            connection.execute(f"CREATE TABLE IF NOT EXISTS {table} ({columns})")
            _add_columns(connection, table, columns)
        for index in INDEXES:
            connection.execute(index)
        connection.execute("COMMIT")
    except sqlite3.OperationalError as error:
        connection.close()
        raise StoreInUse(str(error)) from error
    return connection


def _add_columns(connection: sqlite3.Connection, table: str, columns: str) -> None:
    """Those that a store of an earlier version lacks; new ones stand at the end of a table."""
    present = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
    for column in columns.partition(", PRIMARY KEY (")[0].split(", "):
        if column.partition(" ")[0] not in present:
            connection.execute(f"ALTER TABLE {table} ADD COLUMN {column}")


def _write(connection: sqlite3.Connection, full: dict[str, dict[Any, Row]]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for table, rows in full.items():
            if rows:
                values = list(rows.values())
                marks = ",".join("?" * len(values[0]))
                # Table names come from TABLES above, never from a request.
                connection.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", values)  # noqa: S608
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _fetch(connection: sqlite3.Connection, sql: str, args: Sequence[Any]) -> list[Row]:
    return connection.execute(sql, args).fetchall()


def _nothing() -> None:
    return None
