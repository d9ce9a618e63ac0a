"""Transactions with the deadline of the request as statement timeout, and errors that callers can act on."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import Any, Callable, Iterator, Sequence, TypeVar

import psycopg
from psycopg import errors
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool, PoolTimeout

from .deadline import current_deadline
from .problems import CodedError, database_unavailable, deadline_exceeded, overloaded
from .session import conninfo, session_options
from .settings import Settings
from .tracing import Tracer

T = TypeVar("T")
Row = dict[str, Any]

#: Two transactions that stood in each other's way: the loser may simply run again.
_conflicts = (errors.SerializationFailure, errors.DeadlockDetected)
_attempts = 3


class Transaction:
    """:param limit_ms: longest time of a statement, milliseconds; an earlier deadline applies first."""

    def __init__(self, connection: psycopg.Connection[Row], limit_ms: int) -> None:
        self._connection = connection
        self._limit_ms = limit_ms
        self.after_commit: list[Callable[[], None]] = []

    def execute(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Runs one statement. :returns: its rows. :raises CodedError: DEADLINE_EXCEEDED before it starts late."""
        deadline = current_deadline()
        limit = float(self._limit_ms)
        if deadline is not None:
            deadline.check()
            limit = min(limit, deadline.remaining_ms())
        # The server cancels the statement, so that it holds no lock for somebody who has stopped waiting.
        self._connection.execute("SELECT set_config('statement_timeout', %s, true)", (str(max(1, round(limit))),))
        cursor = self._connection.execute(sql, values)
        return cursor.fetchall() if cursor.description is not None else []


class Database:
    """The pool of the service. Nothing is connected before :meth:`open`."""

    def __init__(self, settings: Settings, tracer: Tracer) -> None:
        self._limit_ms = settings.number("DATABASE_STATEMENT_TIMEOUT_MS")
        self._tracer = tracer
        connect_seconds = max(2, round(settings.number("DATABASE_CONNECT_TIMEOUT_MS") / 1_000))
        idle = settings.number("DATABASE_IDLE_TRANSACTION_TIMEOUT_MS")
        self._pool: ConnectionPool = ConnectionPool(
            conninfo(settings),
            min_size=1,
            max_size=settings.number("DATABASE_POOL_MAX"),
            max_idle=settings.number("DATABASE_IDLE_TIMEOUT_MS") / 1_000,
            open=False,
            kwargs={
                "row_factory": dict_row,
                "connect_timeout": connect_seconds,
                "application_name": "causeway blog",
                "options": session_options(idle_in_transaction_session_timeout=idle),
            },
        )

    def open(self) -> None:
        self._pool.open()

    def close(self) -> None:
        self._pool.close()

    def check(self) -> None:
        """For the readiness probe. :raises CodedError: DATABASE_UNAVAILABLE."""
        with self._transaction("readiness", traced=False) as tx:
            tx.execute("SELECT 1")

    def run(self, name: str, work: Callable[[Transaction], T]) -> T:
        """Runs ``work`` in one transaction, again after a conflict. :param name: for the trace."""
        for attempt in range(1, _attempts + 1):
            try:
                with self._transaction(name) as tx:
                    result = work(tx)
                for action in tx.after_commit:
                    action()
                return result
            except _conflicts:
                if attempt == _attempts:
                    raise overloaded() from None
                time.sleep(0.01 * attempt)
        raise AssertionError("unreachable")

    @contextmanager
    def _transaction(self, name: str, traced: bool = True) -> Iterator[Transaction]:
        with _translated():
            deadline = current_deadline()
            wait = min(2.0, deadline.remaining_ms() / 1_000 if deadline else 2.0)
            with self._pool.connection(timeout=wait) as connection:
                if not traced:
                    yield Transaction(connection, self._limit_ms)
                    return
                attributes: dict[str, object] = {"db.system.name": "postgresql", "db.operation.name": name}
                with self._tracer.span(f"transaction {name}", "client", attributes=attributes):
                    yield Transaction(connection, self._limit_ms)


@contextmanager
def _translated() -> Iterator[None]:
    """Turns the driver's errors into ours. Its own messages may name hosts and users, and stay in the cause."""
    try:
        yield
    except (CodedError, *_conflicts):
        raise
    except errors.QueryCanceled as error:
        deadline = current_deadline()
        if deadline is not None and deadline.expired:
            raise deadline_exceeded() from error
        raise database_unavailable() from error
    except PoolTimeout as error:
        # There are as many connections as threads that want one, so the pool is never merely full.
        deadline = current_deadline()
        raise (deadline_exceeded() if deadline is not None and deadline.expired else database_unavailable()) from error
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise database_unavailable() from error

