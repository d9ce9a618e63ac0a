"""Errors that others see: a stable code, what to do about it, and whether a retry can help (docs/errors.md)."""

from __future__ import annotations

#: The codes that this service uses, each with its status and title. A test compares them with libs/errors.
CODES: dict[str, tuple[int, str]] = {
    "MALFORMED_REQUEST": (400, "The request could not be parsed"),
    "VALIDATION_FAILED": (422, "The request is not valid"),
    "NOT_FOUND": (404, "Not found"),
    "METHOD_NOT_ALLOWED": (405, "Method not allowed"),
    "REQUEST_TIMEOUT": (408, "The request did not arrive in time"),
    "BODY_TOO_LARGE": (413, "The request body is too large"),
    "URI_TOO_LONG": (414, "The URL is too long"),
    "UNSUPPORTED_MEDIA_TYPE": (415, "Unsupported media type"),
    "EXPECTATION_FAILED": (417, "The expectation cannot be met"),
    "HEADERS_TOO_LARGE": (431, "The headers are too large"),
    "METHOD_NOT_IMPLEMENTED": (501, "Method not implemented"),
    "CURSOR_INVALID": (400, "The page cursor is not valid"),
    "IF_MATCH_REQUIRED": (428, "If-Match is required"),
    "VERSION_STALE": (412, "The resource has changed"),
    "IDEMPOTENCY_KEY_REQUIRED": (400, "Idempotency-Key is required"),
    "IDEMPOTENCY_KEY_INVALID": (400, "Idempotency-Key is not valid"),
    "IDEMPOTENCY_KEY_REUSED": (422, "Idempotency-Key was used with another request"),
    "IDEMPOTENCY_KEY_IN_FLIGHT": (409, "A request with this Idempotency-Key is being processed"),
    "TOKEN_MISSING": (401, "An access token is required"),
    "TOKEN_INVALID": (401, "The access token is not valid"),
    "TOKEN_EXPIRED": (401, "The access token has expired"),
    "SCOPE_MISSING": (403, "The access token lacks a required scope"),
    "OVERLOADED": (503, "The service is overloaded"),
    "DEADLINE_EXCEEDED": (504, "The request took too long"),
    "DEPENDENCY_UNAVAILABLE": (503, "A required service is unavailable"),
    "DATABASE_UNAVAILABLE": (503, "The database is unavailable"),
    "BROKER_UNAVAILABLE": (503, "The message broker is unavailable"),
    "INTERNAL": (500, "Unexpected error"),
    "MESSAGE_MALFORMED": (400, "The message could not be parsed"),
    "MESSAGE_INVALID": (422, "The message does not match its schema"),
    "MESSAGE_ABANDONED": (500, "The message was delivered many times without an outcome"),
    "SETTINGS_INVALID": (500, "The settings are not valid"),
    "DATABASE_UNTRUSTED": (500, "The database server is not to be trusted"),
    "BROKER_UNTRUSTED": (500, "The message broker is not to be trusted"),
    "MIGRATION_CHANGED": (500, "An applied migration was edited"),
    "MIGRATION_FAILED": (500, "A migration failed"),
}

#: Codes after which the same operation may succeed without a change of its input.
RETRYABLE = frozenset(
    {
        "IDEMPOTENCY_KEY_IN_FLIGHT",
        "OVERLOADED",
        "DEADLINE_EXCEEDED",
        "DEPENDENCY_UNAVAILABLE",
        "DATABASE_UNAVAILABLE",
        "BROKER_UNAVAILABLE",
    }
)

#: RFC 6750, section 3.
CHALLENGES = {
    "TOKEN_MISSING": "Bearer",
    "TOKEN_INVALID": 'Bearer error="invalid_token"',
    "TOKEN_EXPIRED": 'Bearer error="invalid_token", error_description="expired"',
    "SCOPE_MISSING": 'Bearer error="insufficient_scope"',
}

#: By the status alone: what a client reads when the server, not this service's own code, refuses a request.
BY_STATUS: dict[int, tuple[str, str, str]] = {
    400: ("MALFORMED_REQUEST", "The request could not be read.", "Check the URL, the headers and the body."),
    404: ("NOT_FOUND", "There is nothing at this URL.", "Check the URL against the API documentation."),
    405: ("METHOD_NOT_ALLOWED", "This URL does not support the method.", "Use one of the methods listed in Allow."),
    408: ("REQUEST_TIMEOUT", "The request did not arrive in time.", "Send it again without pauses."),
    413: ("BODY_TOO_LARGE", "The body is too large.", "Send a smaller body."),
    414: ("URI_TOO_LONG", "The URL, or one segment of its path, is too long.", "Send a shorter URL."),
    415: ("UNSUPPORTED_MEDIA_TYPE", "The content type is not supported.", "Send application/json."),
    417: (
        "EXPECTATION_FAILED",
        "The Expect header asks for something that is not supported.",
        "Send Expect: 100-continue, or leave the header out.",
    ),
    431: ("HEADERS_TOO_LARGE", "The headers of the request are too large.", "Send fewer or shorter headers."),
    501: ("METHOD_NOT_IMPLEMENTED", "No route supports this method.", "Use a method that the API documents."),
}


class CodedError(Exception):
    """An expected error. Clients see its message, so it holds no secret, no SQL and no host name.

    :param code: one of :data:`CODES`.
    :param message: what went wrong.
    :param remedy: what the reader can do about it, one sentence.
    :param violations: every invalid field: ``{"path": JSON pointer, "message": …}``.
    :param retry_after: seconds that a client should wait.
    """

    def __init__(
        self,
        code: str,
        message: str,
        remedy: str,
        violations: list[dict[str, str]] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy
        self.violations = violations
        self.retry_after = retry_after

    @property
    def status(self) -> int:
        return CODES[self.code][0]

    @property
    def retryable(self) -> bool:
        return self.code in RETRYABLE


def refusal_of(status: int) -> CodedError:
    """The error for a status of the web framework. Its own message may quote the request, and is not passed on."""
    known = BY_STATUS.get(status) or (BY_STATUS[400] if 400 <= status < 500 else None)
    if known is None:
        raise ValueError(f"no refusal has the status {status}")
    return CodedError(*known)


def malformed(message: str, remedy: str = "Send one JSON document in UTF-8.") -> CodedError:
    return CodedError("MALFORMED_REQUEST", message, remedy)


def validation_failed(violations: list[dict[str, str]]) -> CodedError:
    listed = "; ".join(f"{each['path'] or '(whole document)'}: {each['message']}" for each in violations)
    return CodedError(
        "VALIDATION_FAILED", listed, "Correct the listed fields and send the request again.", violations
    )


def not_found(what: str) -> CodedError:
    """:param what: for example ``post 0190…``."""
    return CodedError(
        "NOT_FOUND",
        f"{what} was not found",
        "Check the URL. Another customer’s resource is reported as missing, too.",
    )


def deadline_exceeded(message: str = "the deadline has passed") -> CodedError:
    return CodedError(
        "DEADLINE_EXCEEDED", message, "Try again, with more time if you set the deadline yourself."
    )


def database_unavailable() -> CodedError:
    return CodedError(
        "DATABASE_UNAVAILABLE",
        "the database is not available",
        "Try again in a few seconds. Operators find the cause in the log by the trace id.",
        retry_after=2,
    )


def overloaded(message: str = "the service has too much work right now") -> CodedError:
    return CodedError("OVERLOADED", message, "Try again in a moment.", retry_after=1)


def problem_of(error: BaseException, trace_id: str | None = None) -> dict[str, object]:
    """The RFC 9457 document of any error. What is not a :class:`CodedError` shows only the trace id."""
    if isinstance(error, CodedError):
        code, detail = error.code, error.message
    else:
        code, detail = "INTERNAL", "Something went wrong on our side. Quote the trace id when you report it."
    status, title = CODES[code]
    problem: dict[str, object] = {
        "type": f"urn:causeway:problem:{code.lower().replace('_', '-')}",
        "status": status,
        "title": title,
        "detail": detail,
        "code": code,
    }
    if isinstance(error, CodedError):
        problem["remedy"] = error.remedy
        if error.violations is not None:
            problem["errors"] = error.violations
    if trace_id is not None:
        problem["traceId"] = trace_id
    return problem


def problem_headers(error: BaseException) -> dict[str, str]:
    """Headers that belong to a problem: Retry-After, our marks for callers, the challenge of a 401."""
    headers = {"content-type": "application/problem+json"}
    if not isinstance(error, CodedError):
        return headers
    if error.status == 503:
        headers["retry-after"] = str(error.retry_after or 2)
        # The one retry of this path was made below us, or would not help.
        if not error.retryable or error.code == "DEPENDENCY_UNAVAILABLE":
            headers["causeway-no-retry"] = "1"
    elif error.retry_after is not None:
        headers["retry-after"] = str(error.retry_after)
    if error.code == "OVERLOADED":
        headers["causeway-overloaded"] = "1"
    if error.code in CHALLENGES:
        headers["www-authenticate"] = CHALLENGES[error.code]
    return headers
