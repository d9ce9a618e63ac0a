"""The CloudEvents envelope around every message (libs/messaging/src/envelope.ts), and the messages of this service."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from .ids import UUID_PATTERN, is_uuid, timestamp, uuid7
from .problems import CodedError
from .tracing import current_span

REGISTERED = "user.evt.registered.v1"
POST_PUBLISHED = "blog.evt.post-published.v1"
COMMENT_ADDED = "blog.evt.comment-added.v1"

_time = re.compile(
    r"(?:(?:\d\d[2468][048]|\d\d[13579][26]|\d\d0[48]|[02468][048]00|[13579][26]00)-02-29"
    r"|\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)"
    r"|02-(?:0[1-9]|1\d|2[0-8])))T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)\Z",
    re.ASCII,
)


@dataclass(frozen=True)
class Event:
    """A message that was parsed: ``id`` is the same for every delivery."""

    id: str
    type: str
    subject: str
    time: str
    data: dict[str, Any]
    traceparent: str | None


def build(kind: str, aggregate: str, data: dict[str, Any], source: str = "blog") -> dict[str, object]:
    """The envelope of a message, with the active trace. :param aggregate: id of what the message is about."""
    span = current_span()
    return {
        "specversion": "1.0",
        "id": uuid7(),
        "type": kind,
        "source": f"/causeway/{source}",
        "subject": aggregate,
        "time": timestamp(),
        "datacontenttype": "application/json",
        "dataschema": f"urn:causeway:schema:{kind}",
        **({"traceparent": span.traceparent} if span is not None else {}),
        "data": data,
    }


def invalid(kind: str, violations: list[dict[str, str]]) -> CodedError:
    details = "; ".join(f"{each['path'] or '(whole message)'}: {each['message']}" for each in violations)
    return CodedError(
        "MESSAGE_INVALID",
        f"a message on {kind} does not match its schema: {details}",
        "Fix the publisher and discard the dead letter, or make the schema accept the message and replay it.",
        violations,
    )


def is_time(value: object) -> bool:
    return isinstance(value, str) and _time.match(value) is not None


def parse(kind: str, payload: bytes) -> Event:
    """:raises CodedError: MESSAGE_MALFORMED, MESSAGE_INVALID with the JSON pointer of everything that is wrong."""
    try:
        document = json.loads(payload.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise CodedError(
            "MESSAGE_MALFORMED",
            f"a message on {kind} is not JSON",
            "Fix the sender. A dead letter with this code cannot be repaired; discard it.",
            [{"path": "", "message": "not JSON"}],
        ) from error
    if not isinstance(document, dict):
        raise invalid(kind, [{"path": "", "message": "expected an object"}])
    violations = [*_envelope_violations(document)]
    if not violations and document["type"] != kind:
        violations = [{"path": "/type", "message": f"expected {kind}"}]
    if not violations and kind == REGISTERED:
        violations = [*_registered_violations(document.get("data"))]
    if violations:
        raise invalid(kind, violations)
    return Event(
        document["id"], kind, document["subject"], document["time"], document["data"], document.get("traceparent")
    )


def readable_id(payload: bytes) -> str | None:
    """The id of a message that may be broken otherwise: its dead letter is found by it."""
    try:
        document = json.loads(payload.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    found = document.get("id") if isinstance(document, dict) else None
    return found if is_uuid(found) else None


def _envelope_violations(document: dict[str, Any]) -> list[dict[str, str]]:
    constants = {"specversion": "1.0", "datacontenttype": "application/json"}
    found = [
        {"path": f"/{name}", "message": f"expected {value}"}
        for name, value in constants.items()
        if document.get(name) != value
    ]
    for name in ("type", "source", "subject", "dataschema"):
        if not isinstance(document.get(name), str):
            found.append({"path": f"/{name}", "message": "expected a string"})
    if not is_uuid(document.get("id")):
        found.append({"path": "/id", "message": "expected a UUID"})
    if not is_time(document.get("time")):
        found.append({"path": "/time", "message": "expected a timestamp"})
    if "traceparent" in document and not isinstance(document["traceparent"], str):
        found.append({"path": "/traceparent", "message": "expected a string"})
    return found


def _registered_violations(data: object) -> list[dict[str, str]]:
    """Of the fields that this service uses. Others may be added to an event at any time."""
    if not isinstance(data, dict):
        return [{"path": "/data", "message": "expected an object"}]
    found = []
    if not isinstance(data.get("userId"), str) or not UUID_PATTERN.match(data["userId"]):
        found.append({"path": "/data/userId", "message": "expected a UUID"})
    if not is_time(data.get("registeredAt")):
        found.append({"path": "/data/registeredAt", "message": "expected a timestamp"})
    return found
