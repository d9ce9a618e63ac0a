"""Settings of TLS: what libpq and the NATS client are told. tools/e2e tries them against real servers."""

import socket
import threading
import unittest
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from blog.nats import Connection, NotConnected
from blog.problems import CodedError
from blog.session import conninfo
from blog.settings import DATABASE_SETTINGS, load_settings

_ca = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----"


class DatabaseTest(unittest.TestCase):
    def test_with_an_authority_the_server_is_verified_whatever_the_url_says(self) -> None:
        url = "postgres://blog:secret@db:5432/blog?sslmode=disable"
        settings = load_settings({"DATABASE_URL": url, "DATABASE_CA": _ca}, DATABASE_SETTINGS)
        found = conninfo_to_dict(conninfo(settings))
        self.assertEqual((found["sslmode"], found["host"], found["user"]), ("verify-full", "db", "blog"))
        self.assertEqual(Path(str(found["sslrootcert"])).read_text(), _ca)

    def test_without_one_the_url_stays_as_it_is(self) -> None:
        settings = load_settings({"DATABASE_URL": "postgres://blog:secret@db/blog"}, DATABASE_SETTINGS)
        self.assertEqual(conninfo(settings), "postgres://blog:secret@db/blog")

    def test_what_is_no_certificate_is_refused(self) -> None:
        env = {"DATABASE_URL": "postgres://blog:secret@db/blog", "DATABASE_CA": "/etc/ca.crt"}
        with self.assertRaisesRegex(CodedError, "DATABASE_CA: expected certificates in PEM"):
            load_settings(env, DATABASE_SETTINGS)


class BrokerTest(unittest.TestCase):
    def test_with_an_authority_a_server_without_tls_gets_no_password(self) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        heard: list[bytes] = []

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b'INFO {"server_id":"x","version":"2.10.0","headers":true,"max_payload":1000}\r\n')
                heard.append(connection.recv(1_000))

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"nats://127.0.0.1:{listener.getsockname()[1]}"
        with self.assertRaisesRegex(NotConnected, "the server offers no TLS"):
            Connection([url], "blog", "blog", "secret", ca=_ca).connect()
        thread.join()
        listener.close()
        self.assertEqual(heard, [b""])
