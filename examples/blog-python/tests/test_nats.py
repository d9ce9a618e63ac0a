"""The NATS client against a server that this test plays, byte for byte."""

import json
import queue
import socket
import threading
import unittest

from blog.nats import (
    ApiError,
    Connection,
    JetStream,
    Message,
    NatsError,
    NoResponders,
    NotConnected,
    PullConsumer,
    RequestTimeout,
    decode_headers,
    delivery_of,
    encode_headers,
)

_info = b'INFO {"server_id":"x","version":"2.10.0","headers":true,"max_payload":1000}\r\n'


class Server:
    """Accepts one connection after the other, greets, and answers by a script: lines that came in, bytes to send."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"nats://127.0.0.1:{self.listener.getsockname()[1]}"
        self.lines: queue.Queue[bytes] = queue.Queue()
        self.connection: socket.socket | None = None
        self.refuse = b""
        self.arrived = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            if self.connection is not None:
                self.connection.close()
            self.connection = connection
            connection.sendall(_info)
            threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection: socket.socket) -> None:
        buffer = b""
        while True:
            try:
                data = connection.recv(65_536)
            except OSError:
                return
            if not data:
                return
            buffer += data
            *lines, buffer = buffer.split(b"\r\n")
            for line in lines:
                if line.startswith(b"CONNECT") and self.refuse:
                    connection.sendall(self.refuse)
                    connection.close()
                    return
                if line == b"PING":
                    connection.sendall(b"PONG\r\n")
                self.lines.put(line)
            self.arrived.set()

    def send(self, data: bytes) -> None:
        assert self.connection is not None
        self.connection.sendall(data)

    def expect(self, start: bytes) -> bytes:
        """The next line that begins so; others are passed over."""
        while not (line := self.lines.get(timeout=20)).startswith(start):
            pass
        return line

    def close(self) -> None:
        self.listener.close()
        if self.connection is not None:
            self.connection.close()


class Client(unittest.TestCase):
    def setUp(self) -> None:
        self.server = Server()
        self.addCleanup(self.server.close)
        self.changes: queue.Queue[bool] = queue.Queue()
        self.nc = Connection([self.server.url], "blog", "blog", "pw", on_change=self.changes.put)
        self.nc.connect()
        self.addCleanup(self.nc.close)

    def answer(self, start: bytes, make: "object") -> threading.Thread:
        """Answers the next request whose line begins with ``start``. :param make: from the reply subject to bytes."""

        def run() -> None:
            words = self.server.expect(start).split()
            self.server.send(make(words[2]))  # type: ignore[operator]

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    def test_it_signs_in_and_keeps_its_inbox_to_itself(self) -> None:
        options = json.loads(self.server.expect(b"CONNECT ").removeprefix(b"CONNECT "))
        self.assertEqual((options["user"], options["pass"], options["headers"]), ("blog", "pw", True))
        self.assertTrue(self.server.expect(b"SUB ").startswith(b"SUB _INBOX_blog."))

    def test_a_request_gets_its_reply_however_it_is_cut_into_pieces(self) -> None:
        def reply(subject: bytes) -> bytes:
            return b"MSG " + subject + b" 1 5\r\nhello\r\n"

        def run() -> None:
            subject = self.server.expect(b"PUB a.b ").split()[2]
            for byte in reply(subject):
                self.server.send(bytes([byte]))

        threading.Thread(target=run, daemon=True).start()
        self.assertEqual(self.nc.request("a.b", b"x", 20).data, b"hello")

    def test_nobody_listens(self) -> None:
        head = b"NATS/1.0 503\r\n\r\n"
        self.answer(b"PUB ", lambda subject: b"HMSG " + subject + b" 1 %d %d\r\n" % (len(head), len(head)) + head + b"\r\n")
        with self.assertRaises(NoResponders):
            self.nc.request("a.b", b"", 20)

    def test_no_answer(self) -> None:
        with self.assertRaises(RequestTimeout):
            self.nc.request("a.b", b"", 0.05)

    def test_after_a_loss_it_comes_back_with_its_subscriptions_and_waiters_learn_at_once(self) -> None:
        self.nc.subscribe("news", lambda _message: None)
        self.server.expect(b"SUB news")
        failed: queue.Queue[Exception] = queue.Queue()

        def ask() -> None:
            try:
                self.nc.request("a.b", b"", 60)
            except NatsError as error:
                failed.put(error)

        threading.Thread(target=ask, daemon=True).start()
        self.server.expect(b"PUB a.b")
        assert self.server.connection is not None
        self.server.connection.shutdown(socket.SHUT_RDWR)
        self.assertIsInstance(failed.get(timeout=20), NotConnected)
        self.assertEqual([self.changes.get(timeout=20), self.changes.get(timeout=20)], [False, True])
        self.server.expect(b"SUB news")
        self.nc.flush(20)

    def test_a_refused_sign_in_is_an_error_and_may_be_tried_again(self) -> None:
        other = Server()
        self.addCleanup(other.close)
        other.refuse = b"-ERR 'Authorization Violation'\r\n"
        nc = Connection([other.url], "blog")
        with self.assertRaisesRegex(NatsError, "Authorization"):
            nc.connect()
        other.refuse = b""
        nc.connect()
        nc.close()

    def test_what_is_too_large_is_refused_here(self) -> None:
        with self.assertRaises(ApiError):
            self.nc.publish("a", b"x" * 2_000)

    def test_a_publish_is_stored_or_fails(self) -> None:
        js = JetStream(self.nc, 20)
        good = json.dumps({"stream": "BLOG", "seq": 7, "duplicate": True}).encode()
        self.answer(b"HPUB blog.x ", lambda subject: b"MSG " + subject + b" 1 %d\r\n" % len(good) + good + b"\r\n")
        ack = js.publish("blog.x", b"{}", "id-1", "BLOG")
        self.assertEqual((ack.stream, ack.sequence, ack.duplicate), ("BLOG", 7, True))
        self.server.expect(b"Nats-Msg-Id: id-1")
        self.server.expect(b"Nats-Expected-Stream: BLOG")
        bad = json.dumps({"error": {"code": 400, "err_code": 10060, "description": "wrong stream"}}).encode()
        self.answer(b"HPUB blog.x ", lambda subject: b"MSG " + subject + b" 1 %d\r\n" % len(bad) + bad + b"\r\n")
        with self.assertRaises(ApiError) as caught:
            js.publish("blog.x", b"{}", "id-2", "BLOG")
        self.assertFalse(caught.exception.retryable)

    def test_a_pull_yields_what_comes_and_ends_with_the_pull(self) -> None:
        consumer = PullConsumer(self.nc, "USER", "d")
        while b"_pull" not in (line := self.server.expect(b"SUB ")):
            pass
        sid = line.split()[-1]
        reply = b"$JS.ACK.USER.d.2.10.1.1.0"

        def run() -> None:
            inbox = self.server.expect(b"PUB $JS.API.CONSUMER.MSG.NEXT.USER.d ").split()[2]
            self.server.send(b"MSG user.x " + sid + b" " + reply + b" 2\r\n{}\r\n")
            for status in (b"NATS/1.0 100 Idle Heartbeat\r\n\r\n", b"NATS/1.0 408 Request Timeout\r\n\r\n"):
                self.server.send(b"HMSG " + inbox + b" " + sid + b" %d %d\r\n" % (len(status), len(status)) + status + b"\r\n")

        threading.Thread(target=run, daemon=True).start()
        got = list(consumer.pull(5, 30, threading.Event()))
        self.assertEqual([(each.data, delivery_of(each).attempt) for each in got], [(b"{}", 2)])
        JetStream(self.nc).nak(got[0], 1.5)
        self.server.expect(b"PUB $JS.ACK.USER.d.")
        self.assertEqual(self.server.expect(b"-NAK"), b'-NAK {"delay": 1500000000}')


class Wire(unittest.TestCase):
    def test_headers(self) -> None:
        self.assertEqual(encode_headers({"a": "b"}), b"NATS/1.0\r\na: b\r\n\r\n")
        self.assertEqual(decode_headers(b"NATS/1.0\r\na: b:c\r\n\r\n"), ({"a": "b:c"}, None, ""))
        self.assertEqual(decode_headers(b"NATS/1.0 408 Request Timeout\r\n\r\n"), ({}, 408, "Request Timeout"))
        with self.assertRaises(ValueError):
            encode_headers({"a": "b\r\nNats-Msg-Id: x"})

    def test_the_place_of_a_delivery_with_and_without_a_domain(self) -> None:
        for reply in ("$JS.ACK.USER.d.3.42.1.1.0", "$JS.ACK._.acc.USER.d.3.42.1.1.0.tok"):
            delivery = delivery_of(Message("s", reply, b""))
            self.assertEqual((delivery.stream, delivery.attempt, delivery.sequence), ("USER", 3, 42))
        with self.assertRaises(NatsError):
            delivery_of(Message("s", "_INBOX.x", b""))
