import json
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from blog.problems import CodedError
from blog.tokens import KeySource, TokenVerifier

_issuer, _audience = "http://issuer", "urn:causeway:api"


class Issuer:
    """Serves a key set, and counts how often it is read."""

    def __init__(self) -> None:
        self.keys: dict[str, Any] = {}
        self.reads = 0
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.reads += 1
                algorithm = jwt.algorithms.RSAAlgorithm
                keys = [
                    {**json.loads(algorithm.to_jwk(key.public_key())), "kid": kid, "use": "sig", "alg": "RS256"}
                    for kid, key in issuer.keys.items()
                ]
                body = json.dumps({"keys": keys}).encode()
                self.send_response(200 if issuer.keys else 503)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/jwks"

    def sign(self, kid: str = "a", typ: str = "at+jwt", algorithm: str = "RS256", key: Any = None, **claims: Any) -> str:
        now = int(time.time())
        given = {"sub": "s", "client_id": "c", "iss": _issuer, "aud": _audience, "exp": now + 60, "scope": "x y"}
        payload = {name: value for name, value in {**given, **claims}.items() if value is not None}
        signed_with = None if algorithm == "none" else key or self.keys["a"]
        return jwt.encode(payload, signed_with, algorithm, {"kid": kid, "typ": typ})

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Tokens(unittest.TestCase):
    key = rsa.generate_private_key(65537, 2048)
    other = rsa.generate_private_key(65537, 2048)

    def setUp(self) -> None:
        self.issuer = Issuer()
        self.addCleanup(self.issuer.close)
        self.issuer.keys["a"] = self.key
        self.now = 0.0
        self.source = KeySource(self.issuer.url, clock=lambda: self.now)
        self.verifier = TokenVerifier(_issuer, _audience, self.source)

    def code_of(self, token: str | None) -> str | None:
        try:
            self.verifier.authenticate(None if token is None else f"Bearer {token}")
            return None
        except CodedError as error:
            return error.code

    def test_a_good_token(self) -> None:
        principal = self.verifier.authenticate(f"bearer {self.issuer.sign()}")
        self.assertEqual((principal.subject, principal.scopes), ("s", {"x", "y"}))
        with self.assertRaises(CodedError) as caught:
            principal.require("z")
        self.assertEqual((caught.exception.code, caught.exception.status), ("SCOPE_MISSING", 403))

    def test_every_other_token_is_refused(self) -> None:
        now = int(time.time())
        sign = self.issuer.sign
        for code, token in [
            ("TOKEN_MISSING", None),
            ("TOKEN_INVALID", "x.y.z"),
            ("TOKEN_INVALID", sign(key=self.other)),
            ("TOKEN_INVALID", sign(kid="b")),
            ("TOKEN_INVALID", sign(typ="JWT")),
            ("TOKEN_INVALID", sign(iss="http://other")),
            ("TOKEN_INVALID", sign(aud="other")),
            ("TOKEN_INVALID", sign(sub=None)),
            ("TOKEN_INVALID", sign(client_id=None)),
            ("TOKEN_INVALID", sign(exp=None)),
            ("TOKEN_INVALID", sign(nbf=now + 60)),
            ("TOKEN_INVALID", sign(algorithm="HS256", key="secret")),
            ("TOKEN_INVALID", sign(algorithm="PS256")),
            ("TOKEN_INVALID", sign(algorithm="none")),
            ("TOKEN_EXPIRED", sign(exp=now - 60)),
            ("TOKEN_INVALID", "a" * 9_000),
        ]:
            self.assertEqual(self.code_of(token), code, token and token[:80])

    def test_clocks_may_differ_by_five_seconds(self) -> None:
        self.assertIsNone(self.code_of(self.issuer.sign(exp=int(time.time()) - 2)))

    def test_an_unknown_key_id_is_looked_up_at_most_every_ten_seconds(self) -> None:
        self.assertIsNone(self.code_of(self.issuer.sign()))
        self.issuer.keys["b"] = self.other
        rotated = self.issuer.sign(kid="b", key=self.other)
        self.assertEqual(self.code_of(rotated), "TOKEN_INVALID")
        self.assertEqual(self.issuer.reads, 1)
        self.now += 10
        self.assertIsNone(self.code_of(rotated))
        self.assertEqual(self.issuer.reads, 2)

    def test_keys_stay_while_the_issuer_is_away(self) -> None:
        self.assertIsNone(self.code_of(self.issuer.sign()))
        good = self.issuer.sign(sub="another")
        self.issuer.keys.clear()
        self.now += 1_000
        self.assertIsNone(self.code_of(good))

    def test_without_any_key_requests_are_not_refused_for_good(self) -> None:
        good = self.issuer.sign()
        self.issuer.keys.clear()
        self.assertEqual(self.code_of(good), "DEPENDENCY_UNAVAILABLE")
        self.issuer.keys["a"] = self.key
        self.now += 1
        self.assertIsNone(self.code_of(good))
