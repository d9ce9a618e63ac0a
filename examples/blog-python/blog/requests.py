"""Checks what a client sends: bodies, path, query, headers. Every problem is reported, not only the first."""

from __future__ import annotations

import json
import re
from typing import Any, Callable
from urllib.parse import parse_qsl, unquote_to_bytes

from .ids import is_uuid
from .problems import CodedError, malformed, refusal_of, validation_failed
from .text import is_storable, problems_of_line, problems_of_paragraph, trimmed

Field = Callable[[object], tuple[object, list[str]]]
DEFAULT_LIMIT = 20


def _text(problems: Callable[[str, int], list[str]], longest: int) -> Field:
    def check(value: object) -> tuple[object, list[str]]:
        if not isinstance(value, str):
            return None, ["expected a string"]
        if not is_storable(value):
            return None, problems(value, longest)
        return trimmed(value), problems(trimmed(value), longest)

    return check


def line(longest: int) -> Field:
    """:param longest: code points."""
    return _text(problems_of_line, longest)


def paragraph(longest: int) -> Field:
    return _text(problems_of_paragraph, longest)


POST_BODY: dict[str, Field] = {"title": line(200), "text": paragraph(20_000)}
COMMENT_BODY: dict[str, Field] = {"text": paragraph(2_000)}


def pointer(name: str) -> str:
    return "/" + name.replace("~", "~0").replace("/", "~1")


def checked(document: object, fields: dict[str, Field]) -> dict[str, Any]:
    """The checked values of a JSON object. Unknown fields are refused: clients notice typos."""
    if not isinstance(document, dict):
        raise validation_failed([{"path": "", "message": "expected an object"}])
    violations = []
    values = {}
    for name, check in fields.items():
        if name not in document:
            violations.append({"path": pointer(name), "message": "missing"})
            continue
        values[name], found = check(document[name])
        violations.extend({"path": pointer(name), "message": message} for message in found)
    # A name that cannot be written as UTF-8 could not be quoted in the answer either.
    unknown = [name.encode("utf-8", "replace").decode() for name in document if name not in fields]
    violations.extend({"path": pointer(name), "message": "unknown field"} for name in unknown)
    if violations:
        raise validation_failed(violations)
    return values


def _no_constant(name: str) -> None:
    raise ValueError(name)


def parse_json(body: bytes) -> object:
    """Strict JSON in UTF-8; an empty body is None. Python's parser alone would accept NaN and Infinity."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise malformed("The body is not valid UTF-8.") from error
    if text == "":
        return None
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        # The message of the parser quotes the body.
        raise malformed("The body is not valid JSON.") from error


_json_type = re.compile(r"application/(json|[\w.-]+\+json)\s*(;|\Z)", re.IGNORECASE | re.ASCII)
_charset = re.compile(r';\s*charset\s*=\s*("[^"]*"|[^\s;]*)', re.IGNORECASE)


def check_media_type(content_type: str | None, encoding: str | None) -> None:
    """JSON in UTF-8, not compressed, is the only body that the API takes."""

    def refused(message: str, remedy: str) -> CodedError:
        return CodedError("UNSUPPORTED_MEDIA_TYPE", message, remedy)

    if not _json_type.match(content_type or ""):
        raise refused("The content type is not supported.", "Send application/json.")
    for charset in _charset.findall(content_type or ""):
        if charset.strip('"').lower() not in ("utf-8", "utf8"):
            raise refused("The charset is not UTF-8.", "Send the body in UTF-8.")
    if (encoding or "identity").lower() != "identity":
        raise refused("The body is compressed.", "Send it without Content-Encoding.")


def check_id(name: str, value: str) -> str:
    if not is_uuid(value):
        raise validation_failed([{"path": pointer(name), "message": "expected a UUID"}])
    return value.lower()


_host = re.compile(r"[\w.~!$&'()*+,;=%-]*(?::\d*)?\Z|\[[0-9a-f:.]+\](?::\d*)?\Z", re.IGNORECASE | re.ASCII)


_methods = frozenset("GET HEAD POST PUT PATCH DELETE OPTIONS TRACE QUERY".split())
MAX_URI_BYTES = 8_192
MAX_HEADERS_BYTES = 16_384


def check_head(environ: dict[str, Any]) -> None:
    """What is wrong with a request by its request line and headers alone, before its route is looked up.

    :param environ: WSGI's, with the target as it was sent, which WSGI itself has only decoded.
    """
    target = str(environ.get("causeway.target", environ.get("PATH_INFO", "/")))
    if environ["REQUEST_METHOD"] not in _methods:
        raise refusal_of(501)
    if len(target) > MAX_URI_BYTES:
        raise refusal_of(414)
    if int(environ.get("causeway.head_bytes", 0)) > MAX_HEADERS_BYTES:
        raise refusal_of(431)
    host = environ.get("HTTP_HOST")
    if host is None and environ.get("SERVER_PROTOCOL") == "HTTP/1.1" or not _host.match(host or ""):
        raise malformed(
            "A request needs one valid Host header.", "Set Host to the name of the host that you connect to."
        )
    _check_encoding(target)
    if str(environ.get("HTTP_EXPECT", "100-continue")).lower() != "100-continue":
        raise refusal_of(417)
    if target.startswith("//"):
        # The server would drop the extra slash, and answer for another address.
        raise refusal_of(404)


def _check_encoding(target: str) -> None:
    """Anything but percent-encoded UTF-8 would be text that was never sent."""
    problem = malformed(
        "The address is not percent-encoded UTF-8.",
        "Encode every character of the address that is not plain ASCII as UTF-8.",
    )
    if re.search(r"[^\x21-\x7e]", target) or re.search(r"%(?![0-9a-fA-F]{2})", target):
        raise problem
    try:
        unquote_to_bytes(target).decode("utf-8")
    except UnicodeDecodeError as error:
        raise problem from error


_digits = re.compile(r"(0|[1-9]\d*)\Z", re.ASCII)


def check_page(query: str) -> tuple[int, str | None]:
    """``?limit=20&cursor=…`` :returns: the limit, 1 to 100, default 20, and the cursor if there is one."""
    values: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        values.setdefault(name, []).append(value)
    violations = []
    limit = DEFAULT_LIMIT
    for name, given in values.items():
        if name not in ("limit", "cursor"):
            violations.append({"path": pointer(name), "message": "unknown field"})
        elif len(given) > 1:
            violations.append({"path": pointer(name), "message": "expected one value"})
        elif name == "cursor" and (len(given[0]) > 512 or not is_storable(given[0])):
            violations.append({"path": "/cursor", "message": "expected at most 512 characters"})
        elif name == "limit":
            if _digits.match(given[0]) and 1 <= int(given[0][:9]) <= 100 and len(given[0]) < 9:
                limit = int(given[0])
            else:
                violations.append({"path": "/limit", "message": "expected an integer from 1 to 100"})
    if violations:
        raise validation_failed(violations)
    return limit, values["cursor"][0] if "cursor" in values else None


_key = re.compile(r"[\x21-\x7e]{1,128}\Z")


def check_idempotency_key(value: str | None) -> str:
    if not value:
        raise CodedError(
            "IDEMPOTENCY_KEY_REQUIRED",
            "the header Idempotency-Key is missing",
            "Send an Idempotency-Key, for example a random UUID, and the same one when you repeat the request.",
        )
    if not _key.match(value):
        raise CodedError(
            "IDEMPOTENCY_KEY_INVALID",
            "the header Idempotency-Key is not 1 to 128 visible ASCII characters",
            "Send 1 to 128 visible ASCII characters, for example a random UUID.",
        )
    return value


_tag = re.compile(r'[ \t,]*((?:W/)?"[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?:,[ \t,]*|\Z)')
_version = re.compile(r'"([1-9]\d{0,9})"\Z', re.ASCII)


def check_if_match(header: str | None) -> list[int] | None:
    """RFC 9110, 13.1.1. :returns: the versions that the change may be based on; None for ``*``: any.

    Tags that this service cannot have issued, such as weak ones, match nothing, so the list may be empty.
    """
    value = (header or "").strip()
    if value == "":
        raise CodedError(
            "IF_MATCH_REQUIRED",
            "the If-Match header is missing",
            "Read the resource and send its ETag in the If-Match header.",
        )
    if value == "*":
        return None
    versions: list[int] = []
    at = 0
    while at < len(value):
        tag = _tag.match(value, at)
        if tag is None:
            raise malformed(
                "the If-Match header is neither * nor a list of entity tags",
                "Send the ETag in If-Match as received, with its quotes.",
            )
        at = tag.end()
        version = _version.match(tag.group(1))
        if version and int(version.group(1)) <= 2_147_483_646:
            versions.append(int(version.group(1)))
    return versions
