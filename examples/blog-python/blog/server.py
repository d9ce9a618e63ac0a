"""waitress, with the system's answers where it would send its own, and a stop that loses no request."""

from __future__ import annotations

import json
import socket
import threading
import time
from typing import Any

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer, create_server
from waitress.task import ErrorTask, WSGITask

from .problems import BY_STATUS, problem_headers, problem_of, refusal_of
from .requests import MAX_HEADERS_BYTES, MAX_URI_BYTES
from .web import SECURITY_HEADERS, Host

#: Bodies up to this size are read to their end although they are refused: a socket that is closed with unread data is
#: reset, and the client would never see the 413.
_drained_bytes = 2_097_152


class _Parser(HTTPRequestParser):  # type: ignore[misc]
    """Notes when a request began to arrive: the time that it waits for a thread counts towards its deadline."""

    def __init__(self, adj: Any) -> None:
        super().__init__(adj)
        self.received_at = time.monotonic()


class _Task(WSGITask):  # type: ignore[misc]
    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        environ["causeway.received_at"] = self.request.received_at
        environ["causeway.target"] = self.request.request_uri
        environ["causeway.head_bytes"] = self.request.header_bytes_received - len(self.request.first_line)
        return environ

    def build_response_header(self) -> bytes:
        if self.channel.server.host.stopping and not self.close_on_finish:
            self.response_headers.append(("Connection", "close"))
            self.close_on_finish = True
        head: bytes = super().build_response_header()
        return head


class _ErrorTask(ErrorTask):  # type: ignore[misc]
    """For what is no request at all, or never arrives in full."""

    def execute(self) -> None:
        status = self.request.error.code
        error = refusal_of(status if status in BY_STATUS else 400)
        body = json.dumps(problem_of(error)).encode()
        self.status = f"{error.status} Refused"
        self.response_headers.extend([*problem_headers(error).items(), *SECURITY_HEADERS.items()])
        self.response_headers.append(("Connection", "close"))
        self.close_on_finish = True
        self.content_length = len(body)
        self.write(body)


class _Channel(HTTPChannel):  # type: ignore[misc]
    task_class = _Task
    error_task_class = _ErrorTask
    parser_class = _Parser


class HttpServer:
    """:param threads: requests that are served at a time. :param keep_alive: seconds of an idle connection."""

    def __init__(self, app: Any, host: Host, address: str, port: int, threads: int, keep_alive: float, body_limit: int) -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        self._map: dict[int, Any] = {}
        self._server: TcpWSGIServer = create_server(
            app,
            map=self._map,
            sockets=[listener],
            threads=threads,
            ident=None,
            channel_timeout=round(keep_alive),
            cleanup_interval=5,
            max_request_body_size=max(_drained_bytes, body_limit) + 1,
            # Twice what is allowed, so that the application can answer properly.
            max_request_header_size=2 * (MAX_URI_BYTES + MAX_HEADERS_BYTES),
            clear_untrusted_proxy_headers=False,
            expose_tracebacks=False,
        )
        self._server.channel_class = _Channel
        self._server.host = host
        self._dispatcher = self._server.task_dispatcher
        host.waiting = lambda: len(self._dispatcher.queue)
        self.port = int(listener.getsockname()[1])
        self.address = address
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def connections(self) -> int:
        return len(self._server.active_channels)

    @property
    def in_flight(self) -> int:
        """Requests that are served or wait for a thread."""
        return sum(len(channel.requests) for channel in list(self._server.active_channels.values()))

    def stop(self, grace: float) -> bool:
        """Takes no new connection, waits for what is in flight. Seconds. :returns: whether all of it was answered."""
        wasyncore.dispatcher.close(self._server)
        until = time.monotonic() + grace
        while self.in_flight > 0 and time.monotonic() < until:
            time.sleep(0.02)
        done = self.in_flight == 0
        # What was written is on its way to the clients; the loop sends it.
        while any(channel.total_outbufs_len for channel in list(self._server.active_channels.values())):
            if time.monotonic() > until:
                break
            time.sleep(0.02)
        self._ended.set()
        self._server.pull_trigger()
        self._thread.join(5)
        self._dispatcher.shutdown(cancel_pending=True, timeout=1)
        return done

    def _run(self) -> None:
        while not self._ended.is_set():
            wasyncore.loop(timeout=1, use_poll=True, map=self._map, count=1)
        for channel in list(self._server.active_channels.values()):
            channel.handle_close()
