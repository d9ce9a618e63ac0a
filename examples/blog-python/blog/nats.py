"""A small NATS client: core protocol with headers, request/reply, reconnect, and the JetStream that a service needs.

Why it exists: Debian packages no NATS client for Python. Where PyPI can be reached, use `nats-py`, which is the
official one and does far more; `Connection` has the same shape, so that the rest of the service would not change much.

The protocol is text (docs.nats.io/reference/reference-protocols/nats-protocol): the server greets with INFO, the client
answers CONNECT and PING, and from then on PUB/HPUB go out and MSG/HMSG come in. One thread reads; whoever publishes
writes under a lock. After a loss the reading thread connects again and repeats all subscriptions, for ever. What is
published meanwhile fails at once: everything that must not be lost is in the outbox.

It knows user and password, and TLS where the server asks for it (`tls://`). It has no NKeys, no clustering beyond the
servers that it is given, and no ordered consumers.
"""

from __future__ import annotations

import json
import queue
import random
import secrets
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from typing import Callable, Iterator, Mapping

Headers = dict[str, str]

_connect_timeout = 2.0
_ping_every = 10.0
_max_outstanding_pings = 2
_reconnect_wait = 0.25
_flush_timeout = 2.0


class NatsError(Exception):
    """Something failed between us and the server. ``retryable`` says whether a later try may succeed."""

    retryable = True


class NotConnected(NatsError):
    """There is no connection right now; it is being restored."""


class NotTrusted(NotConnected):
    """The server is not the one that it should be, or offers no TLS although we insist on it. Waiting changes nothing."""


class RequestTimeout(NatsError):
    """Nobody answered in time."""


class NoResponders(NatsError):
    """Nobody listens on the subject: for JetStream, no stream stores it or the API is away."""


class ApiError(NatsError):
    """JetStream refused: ``code`` is the HTTP-like status, ``err_code`` the exact reason."""

    def __init__(self, code: int, err_code: int, description: str) -> None:
        super().__init__(f"{description} ({code}, {err_code})")
        self.code = code
        self.err_code = err_code
        self.retryable = code >= 500


@dataclass(frozen=True)
class Message:
    """What came in. ``status`` is that of a control message of the server (404, 408, 409, 503)."""

    subject: str
    reply: str | None
    data: bytes
    headers: Headers = field(default_factory=dict)
    status: int | None = None
    description: str = ""


@dataclass
class _Subscription:
    subject: str
    callback: Callable[[Message], None]
    queue_group: str | None = None


def encode_headers(headers: Mapping[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    if any("\r" in value or "\n" in value or "\r" in name for name, value in headers.items()):
        raise ValueError("a header holds a line break")
    return f"NATS/1.0\r\n{lines}\r\n".encode()


def decode_headers(block: bytes) -> tuple[Headers, int | None, str]:
    """:returns: the headers, and the status and its description if the first line has them."""
    first, _, rest = block.decode("utf-8", "replace").partition("\r\n")
    headers: Headers = {}
    for line in rest.split("\r\n"):
        name, separator, value = line.partition(":")
        if separator:
            headers.setdefault(name, value.strip())
    words = first.removeprefix("NATS/1.0").strip().split(" ", 1)
    status = int(words[0]) if words[0].isdigit() else None
    return headers, status, words[1] if len(words) > 1 else ""


class Connection:
    """:param servers: ``nats://host:port``, tried in turn.
    :param name: names the connection on the server, and the private inbox: with a shared one every service could read
        the replies to the others, and the server's permissions forbid it.
    :param ca: certificates of the authority in PEM; with them a server must encrypt and prove the host of its URL.
    :param on_change: called with True after a reconnect, with False after a loss. Must return quickly.
    """

    def __init__(
        self,
        servers: list[str],
        name: str,
        user: str | None = None,
        password: str | None = None,
        ca: str | None = None,
        on_change: Callable[[bool], None] | None = None,
        on_error: Callable[[str], None] | None = None,
    ) -> None:
        self._servers = servers
        self._name = name
        self._user = user
        self._password = password
        self._ca = ca
        self._on_change = on_change or (lambda _connected: None)
        self._on_error = on_error or (lambda _text: None)
        self._inbox = f"_INBOX_{name}.{secrets.token_hex(8)}"
        self._lock = threading.RLock()
        self._socket: socket.socket | None = None
        self._buffer = b""
        self._subscriptions: dict[int, _Subscription] = {}
        self._next_sid = 0
        self._waiting: dict[str, queue.SimpleQueue[Message]] = {}
        self._pongs: list[threading.Event] = []
        self._unanswered = 0
        self._closed = threading.Event()
        self._threads: list[threading.Thread] = []
        self.max_payload = 1_048_576
        self.server = ""

    # -- life cycle ----------------------------------------------------------------------------------------------

    def connect(self) -> None:
        """The first connection. :raises NatsError: when no server takes us; the next call tries again."""
        if not self._subscriptions:
            self.subscribe(f"{self._inbox}.*", self._on_reply)
        self._open()
        self._threads = [
            threading.Thread(target=self._read_forever, name="nats-reader", daemon=True),
            threading.Thread(target=self._ping_forever, name="nats-pings", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def connected(self) -> bool:
        return self._socket is not None

    def close(self) -> None:
        """Sends what was published, then ends the connection."""
        try:
            self.flush()
        except NatsError:
            pass
        self._closed.set()
        self._drop()
        for thread in self._threads:
            thread.join(2)

    # -- core ----------------------------------------------------------------------------------------------------

    def publish(
        self, subject: str, data: bytes = b"", headers: Mapping[str, str] | None = None, reply: str | None = None
    ) -> None:
        """:raises NotConnected: while the connection is lost; nothing is buffered."""
        target = f"{subject} {reply}" if reply else subject
        block = encode_headers(headers) if headers else b""
        if len(block) + len(data) > self.max_payload:
            raise ApiError(400, 0, f"the message is larger than {self.max_payload} bytes")
        if block:
            line = f"HPUB {target} {len(block)} {len(block) + len(data)}\r\n"
        else:
            line = f"PUB {target} {len(data)}\r\n"
        self._send(line.encode() + block + data + b"\r\n")

    def subscribe(self, subject: str, callback: Callable[[Message], None], queue_group: str | None = None) -> int:
        """The callback runs in the reading thread: it must be quick, and must not wait for a reply.

        :returns: a number for :meth:`unsubscribe`. The subscription outlives reconnects.
        """
        with self._lock:
            self._next_sid += 1
            sid = self._next_sid
            self._subscriptions[sid] = _Subscription(subject, callback, queue_group)
            if self._socket is not None:
                self._send(self._subscribe_line(sid))
        return sid

    def unsubscribe(self, sid: int) -> None:
        with self._lock:
            if self._subscriptions.pop(sid, None) is not None and self._socket is not None:
                self._send(f"UNSUB {sid}\r\n".encode())

    def drain(self, sid: int) -> None:
        """Ends a subscription after everything that was on its way to us has arrived."""
        with self._lock:
            if self._socket is not None and sid in self._subscriptions:
                self._send(f"UNSUB {sid}\r\n".encode())
        try:
            self.flush()
        finally:
            with self._lock:
                self._subscriptions.pop(sid, None)

    def request(
        self, subject: str, data: bytes = b"", timeout: float = 2.0, headers: Mapping[str, str] | None = None
    ) -> Message:
        """:param timeout: seconds. :raises NatsError: no answer in time, nobody listens, connection lost."""
        token = secrets.token_hex(8)
        waiting: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._waiting[token] = waiting
        try:
            self.publish(subject, data, headers, reply=f"{self._inbox}.{token}")
            message = waiting.get(timeout=timeout)
        except queue.Empty:
            raise RequestTimeout(f"no answer on {subject} within {timeout} s") from None
        finally:
            self._waiting.pop(token, None)
        if message.status == 503:
            if message.description == "connection lost":
                raise NotConnected("the connection was lost before the broker replied")
            raise NoResponders(f"nobody listens on {subject}")
        return message

    def new_inbox(self) -> str:
        """A subject below ours, for several replies: pulls."""
        return f"{self._inbox}_pull.{secrets.token_hex(8)}"

    def flush(self, timeout: float = _flush_timeout) -> None:
        """Waits until the server has handled everything that was sent so far."""
        pong = threading.Event()
        with self._lock:
            self._pongs.append(pong)
            self._send(b"PING\r\n")
        if not pong.wait(timeout):
            raise RequestTimeout("the server did not answer a ping")
        if self._socket is None:
            raise NotConnected("the connection was lost")

    # -- the wire ------------------------------------------------------------------------------------------------

    def _subscribe_line(self, sid: int) -> bytes:
        subscription = self._subscriptions[sid]
        group = f" {subscription.queue_group}" if subscription.queue_group else ""
        return f"SUB {subscription.subject}{group} {sid}\r\n".encode()

    def _send(self, data: bytes) -> None:
        with self._lock:
            if self._socket is None:
                raise NotConnected("there is no connection to the broker")
            try:
                self._socket.sendall(data)
            except OSError as error:
                self._drop()
                raise NotConnected(f"the connection to the broker was lost ({error})") from error

    def _open(self) -> None:
        failure: Exception | None = None
        for server in random.sample(self._servers, len(self._servers)):
            try:
                self._open_one(server)
                return
            except (OSError, NatsError, ValueError) as error:
                failure = error
        if isinstance(failure, (ssl.SSLCertVerificationError, NotTrusted)):
            raise NotTrusted(str(failure))
        raise NotConnected(f"no server of NATS_URL takes the connection ({failure})")

    def _open_one(self, server: str) -> None:
        scheme, _, address = server.partition("://")
        host, _, port = address.partition(":")
        sock = socket.create_connection((host, int(port or 4222)), timeout=_connect_timeout)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            buffer = b""

            def read_line() -> bytes:
                nonlocal buffer
                while b"\r\n" not in buffer:
                    received = sock.recv(65_536)
                    if not received:
                        raise NotConnected("the server closed the connection")
                    buffer += received
                line, _, buffer = buffer.partition(b"\r\n")
                return line

            info = json.loads(read_line().removeprefix(b"INFO "))
            if self._ca is not None or scheme == "tls" or info.get("tls_required"):
                if not (info.get("tls_required") or info.get("tls_available")):
                    raise NotTrusted("the server offers no TLS")
                sock = ssl.create_default_context(cadata=self._ca).wrap_socket(sock, server_hostname=host)
            options = {
                "verbose": False,
                "pedantic": False,
                "headers": True,
                "no_responders": True,
                "lang": "python",
                "version": "1",
                "protocol": 1,
                "name": self._name,
                **({"user": self._user, "pass": self._password or ""} if self._user is not None else {}),
            }
            sock.sendall(f"CONNECT {json.dumps(options)}\r\nPING\r\n".encode())
            while (line := read_line()) != b"PONG":
                if line.startswith(b"-ERR"):
                    raise NotConnected(line.decode("utf-8", "replace"))
            sock.settimeout(None)
        except BaseException:
            sock.close()
            raise
        with self._lock:
            self.max_payload = int(info.get("max_payload", self.max_payload))
            self.server = server
            self._socket, self._buffer, self._unanswered = sock, buffer, 0
            sock.sendall(b"".join(self._subscribe_line(sid) for sid in self._subscriptions))

    def _drop(self) -> None:
        """Forgets the connection; everybody who waits for a reply learns it now, not at the end of a timeout."""
        with self._lock:
            sock, self._socket = self._socket, None
            pongs, self._pongs = self._pongs, []
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()
        for pong in pongs:
            pong.set()
        for waiting in list(self._waiting.values()):
            waiting.put(Message("", None, b"", status=503, description="connection lost"))

    def _read_forever(self) -> None:
        while not self._closed.is_set():
            sock = self._socket
            try:
                if sock is None:
                    raise NotConnected("lost")
                received = sock.recv(262_144)
                if not received:
                    raise NotConnected("the server closed the connection")
                self._buffer += received
                self._consume()
            except (OSError, NatsError, ValueError, IndexError) as error:
                if self._closed.is_set():
                    return
                self._reconnect(error)

    def _reconnect(self, why: Exception) -> None:
        self._drop()
        self._on_change(False)
        while not self._closed.wait(_reconnect_wait + random.random() * _reconnect_wait):
            try:
                self._open()
                self._on_change(True)
                return
            except NatsError:
                continue

    def _ping_forever(self) -> None:
        """A peer that vanished without a word is noticed after three pings."""
        while not self._closed.wait(_ping_every):
            try:
                with self._lock:
                    if self._socket is None:
                        continue
                    self._unanswered += 1
                    silent = self._unanswered > _max_outstanding_pings
                    if not silent:
                        self._send(b"PING\r\n")
                if silent:
                    self._drop()
            except NatsError:
                continue

    def _consume(self) -> None:
        """Takes every complete protocol line from the buffer."""
        while True:
            line, separator, rest = self._buffer.partition(b"\r\n")
            if not separator:
                return
            verb = line[:4].upper()
            if verb in (b"MSG ", b"HMSG"):
                if not self._consume_message(line, rest):
                    return
                continue
            self._buffer = rest
            if verb == b"PING":
                self._send(b"PONG\r\n")
            elif verb == b"PONG":
                with self._lock:
                    self._unanswered = 0
                    pong = self._pongs.pop(0) if self._pongs else None
                if pong is not None:
                    pong.set()
            elif verb == b"-ERR":
                self._on_error(line.decode("utf-8", "replace"))

    def _consume_message(self, line: bytes, rest: bytes) -> bool:
        """:returns: False while a part of the message is still on its way."""
        words = line.decode().split()
        with_headers = words[0].upper() == "HMSG"
        size = int(words[-1])
        if len(rest) < size + 2:
            return False
        payload, self._buffer = rest[:size], rest[size + 2 :]
        head = int(words[-2]) if with_headers else 0
        reply = words[3] if len(words) == (6 if with_headers else 5) else None
        headers, status, description = decode_headers(payload[:head]) if with_headers else ({}, None, "")
        message = Message(words[1], reply, payload[head:], headers, status, description)
        subscription = self._subscriptions.get(int(words[2]))
        if subscription is not None:
            try:
                subscription.callback(message)
            except Exception as error:  # noqa: BLE001 - one callback must not end the connection of all
                self._on_error(f"a callback for {message.subject} failed: {error!r}")
        return True

    def _on_reply(self, message: Message) -> None:
        waiting = self._waiting.get(message.subject.rpartition(".")[2])
        if waiting is not None:
            waiting.put(message)


# -- JetStream -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PubAck:
    stream: str
    sequence: int
    duplicate: bool


@dataclass(frozen=True)
class Delivery:
    """A message of a durable consumer, with its place: ``$JS.ACK.<stream>.<consumer>.<n>.<seq>.<…>``."""

    message: Message
    stream: str
    attempt: int
    sequence: int


def delivery_of(message: Message) -> Delivery:
    """Reads the reply subject of a delivered message; from nats-server 2.15 on it begins with domain and account."""
    parts = (message.reply or "").split(".")
    if len(parts) < 9 or parts[:2] != ["$JS", "ACK"]:
        raise NatsError(f"not a message of a consumer: {message.reply}")
    at = 2 if len(parts) == 9 else 4
    return Delivery(message, parts[at], int(parts[at + 2]), int(parts[at + 3]))


class JetStream:
    """:param timeout: seconds for one call of the API."""

    def __init__(self, connection: Connection, timeout: float = 3.0) -> None:
        self._nc = connection
        self._timeout = timeout

    def api(self, name: str, request: Mapping[str, object] | None = None) -> dict[str, object]:
        """``api("STREAM.INFO.BLOG")``. :raises ApiError: what the server says."""
        body = json.dumps(request).encode() if request else b""
        answer = json.loads(self._nc.request(f"$JS.API.{name}", body, self._timeout).data)
        error = answer.get("error")
        if error:
            raise ApiError(int(error["code"]), int(error.get("err_code", 0)), str(error.get("description", "")))
        result: dict[str, object] = answer
        return result

    def publish(
        self, subject: str, data: bytes, message_id: str, stream: str, headers: Mapping[str, str] | None = None
    ) -> PubAck:
        """Waits until the message is stored. The server drops a second one with the same id (10 min)."""
        given = {**(headers or {}), "Nats-Msg-Id": message_id, "Nats-Expected-Stream": stream}
        answer = json.loads(self._nc.request(subject, data, self._timeout, given).data)
        error = answer.get("error")
        if error:
            raise ApiError(int(error["code"]), int(error.get("err_code", 0)), str(error.get("description", "")))
        return PubAck(str(answer["stream"]), int(answer["seq"]), bool(answer.get("duplicate", False)))

    # What a consumer says about a delivery. `term` without a reason: nats-server 2.9 ignores the one with.
    def ack(self, message: Message) -> None:
        self._nc.publish(str(message.reply), b"+ACK")

    def nak(self, message: Message, delay: float | None = None) -> None:
        """:param delay: seconds until the message comes back. Default: at once."""
        body = b"-NAK" if delay is None else f'-NAK {{"delay": {int(delay * 1e9)}}}'.encode()
        self._nc.publish(str(message.reply), body)

    def term(self, message: Message) -> None:
        self._nc.publish(str(message.reply), b"+TERM")

    def working(self, message: Message) -> None:
        """Starts the ack_wait again."""
        self._nc.publish(str(message.reply), b"+WPI")


class PullConsumer:
    """Pulls from a durable consumer that exists. One thread runs :meth:`pull`."""

    def __init__(self, connection: Connection, stream: str, durable: str) -> None:
        self._nc = connection
        self._next = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}"
        self._arrived: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._inbox = connection.new_inbox()
        self._sid = connection.subscribe(self._inbox, self._arrived.put)

    def pull(self, batch: int, expires: float, stopping: threading.Event) -> Iterator[Message]:
        """Asks for up to ``batch`` messages within ``expires`` seconds, and yields each as it comes.

        Ends when the pull has ended, or when ``stopping`` is set. One pull at a time: two that overlap would take more
        than there are hands for.

        :raises NatsError: the consumer or its stream is gone, or the connection was lost.
        """
        request = {"batch": batch, "expires": int(expires * 1e9), "idle_heartbeat": int(expires * 1e9 / 3)}
        self._nc.publish(self._next, json.dumps(request).encode(), reply=self._inbox)
        left = batch
        heard = time.monotonic()
        while left > 0 and not stopping.is_set():
            try:
                message = self._arrived.get(timeout=0.1)
            except queue.Empty:
                if not self._nc.connected:
                    raise NotConnected("the connection was lost during a pull") from None
                if time.monotonic() - heard > expires + 1:
                    raise RequestTimeout("the server has forgotten the pull") from None
                continue
            heard = time.monotonic()
            if message.status is None:
                left -= 1
                yield message
            elif message.status == 100:
                continue
            elif message.status in (404, 408) or (message.status == 409 and "Deleted" not in message.description):
                return
            else:
                raise NatsError(f"the pull failed: {message.status} {message.description}")

    def stop(self) -> list[Message]:
        """Ends the subscription. :returns: what had arrived and was not yielded: the caller hands it back."""
        self._nc.drain(self._sid)
        found = []
        while not self._arrived.empty():
            message = self._arrived.get()
            if message.status is None:
                found.append(message)
        return found
