"""Checks access tokens: JWTs of RFC 9068 from one issuer for one audience, by the issuer's JWKS."""

from __future__ import annotations

import json
import re
import threading
import time
import urllib.request
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from typing import Callable

import jwt

from .logs import Logger
from .problems import CodedError

_log = Logger("auth")
#: Asymmetric only: with HS256 the public key would serve as the secret. The issuer signs with RS256 today; a token is
#: checked with the algorithm of its key, never with one that the token itself chooses.
_algorithms = frozenset({"RS256", "PS256", "ES256", "EdDSA"})
#: The algorithm of a key that does not name one.
_usual_algorithm = {"RSA": "RS256", "EC": "ES256", "OKP": "EdDSA"}
#: Tolerated difference between the clocks of two machines, seconds.
_leeway = 5
_longest_token = 8_192
_bearer = re.compile(r"Bearer +(\S+) *\Z", re.IGNORECASE)


@dataclass(frozen=True)
class PublicKey:
    key: object
    algorithm: str


@dataclass(frozen=True)
class Principal:
    """Who calls. ``subject`` is the account of a person, or the client of a machine."""

    subject: str
    client_id: str
    scopes: frozenset[str]
    expires_at: float

    def require(self, scope: str) -> None:
        if scope not in self.scopes:
            raise scope_missing(scope)


def scope_missing(scope: str) -> CodedError:
    return CodedError(
        "SCOPE_MISSING",
        f"the access token lacks the scope {scope}",
        f"Request the scope {scope} when you sign in.",
    )


def _invalid() -> CodedError:
    # The exact reason stays in the cause, for the log: it would help an attacker more than a client.
    return CodedError(
        "TOKEN_INVALID",
        "the access token is not valid",
        "Sign in again and send the access token you get.",
    )


class KeySource:
    """The issuer's public keys. They are kept while the issuer is down, and read again for an unknown key id.

    :param max_age: seconds after which they are read again in the background.
    :param cooldown: least time between two reads, seconds. Keeps forged key ids from causing load.
    :param retry: the same while no keys are known.
    """

    def __init__(
        self,
        url: str,
        max_age: float = 600,
        cooldown: float = 10,
        retry: float = 0.5,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._max_age = max_age
        self._cooldown = cooldown
        self._retry = retry
        self._clock = clock
        self._keys: dict[str, PublicKey] | None = None
        self._read_at = float("-inf")
        self._tried_at = float("-inf")
        self._lock = threading.Lock()

    def key(self, key_id: str) -> PublicKey | None:
        """None when no key has the id. :raises CodedError: DEPENDENCY_UNAVAILABLE when no keys are known."""
        if self._keys is None:
            self._read(self._retry)
        if self._keys is None:
            raise CodedError(
                "DEPENDENCY_UNAVAILABLE",
                "the identity provider does not respond",
                "Try again in a few seconds. Operators: check the user service.",
                retry_after=2,
            )
        if self._clock() - self._read_at > self._max_age:
            threading.Thread(target=self._read, args=(self._cooldown,), daemon=True).start()
        if key_id not in self._keys:
            self._read(self._cooldown)
        return self._keys.get(key_id)

    def _read(self, pause: float) -> None:
        with self._lock:
            if self._clock() - self._tried_at < pause:
                return
            self._tried_at = self._clock()
            try:
                self._keys = self._fetch()
                self._read_at = self._clock()
            except (OSError, ValueError, KeyError, TypeError, jwt.PyJWTError) as error:
                known = self._keys is not None
                then = "keeping the keys we have" if known else "requests get 503 until they can be fetched"
                _log.warn(f"keys of the identity provider could not be fetched; {then}", err=error, known=known)

    def _fetch(self) -> dict[str, PublicKey]:
        request = urllib.request.Request(self._url, headers={"accept": "application/json"})
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=2) as response:
            document = json.load(response)
        keys: dict[str, PublicKey] = {}
        for each in document["keys"]:
            algorithm = each.get("alg") or _usual_algorithm.get(each.get("kty"))
            # A set may hold keys for encryption, and of algorithms that are of no use here.
            if algorithm in _algorithms and each.get("use", "sig") == "sig" and "kid" in each:
                keys[str(each["kid"])] = PublicKey(jwt.PyJWK(each, algorithm).key, algorithm)
        return keys


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:  # type: ignore[override]
        return None


class TokenVerifier:
    """Remembers up to 10 000 valid tokens until they expire, under a digest of the whole token."""

    def __init__(self, issuer: str, audience: str, keys: KeySource, wall_clock: Callable[[], float] = time.time) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = keys
        self._now = wall_clock
        self._known: OrderedDict[bytes, Principal] = OrderedDict()
        self._lock = threading.Lock()

    def authenticate(self, authorization: str | None) -> Principal:
        """:param authorization: the header. :raises CodedError: TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED, 503."""
        match = _bearer.match(authorization or "")
        if match is None:
            raise CodedError(
                "TOKEN_MISSING",
                "the request has no access token",
                'Sign in and send the access token as "Authorization: Bearer …".',
            )
        token = match.group(1)
        digest = sha256(token.encode()).digest()
        with self._lock:
            known = self._known.get(digest)
            if known is not None and known.expires_at > self._now():
                self._known.move_to_end(digest)
                return known
        principal = self._verify(token)
        with self._lock:
            self._known[digest] = principal
            if len(self._known) > 10_000:
                self._known.popitem(last=False)
        return principal

    def _verify(self, token: str) -> Principal:
        if len(token) > _longest_token:
            raise _invalid()
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in _algorithms or str(header.get("typ", "")).lower() not in (
                "at+jwt",
                "application/at+jwt",
            ):
                raise _invalid()
            key = self._keys.key(str(header.get("kid")))
            if key is None or header["alg"] != key.algorithm:
                raise _invalid()
            claims = jwt.decode(
                token,
                key.key,  # type: ignore[arg-type]
                algorithms=[key.algorithm],
                audience=self._audience,
                issuer=self._issuer,
                leeway=_leeway,
                options={"require": ["sub", "client_id", "exp", "iss", "aud"], "verify_iat": False},
            )
        except jwt.ExpiredSignatureError as error:
            raise CodedError(
                "TOKEN_EXPIRED",
                "the access token has expired",
                "Get a new access token with the refresh token, or sign in again.",
            ) from error
        except (jwt.InvalidTokenError, ValueError) as error:
            raise _invalid() from error
        return _principal_of(claims)


def _principal_of(claims: dict[str, object]) -> Principal:
    subject, client, scope = claims.get("sub"), claims.get("client_id"), claims.get("scope")
    expires = claims.get("exp")
    if not isinstance(subject, str) or not subject or not isinstance(client, str):
        raise _invalid()
    if not isinstance(expires, (int, float)):
        raise _invalid()
    scopes = frozenset(scope.split()) if isinstance(scope, str) else frozenset()
    return Principal(subject, client, scopes, float(expires))
