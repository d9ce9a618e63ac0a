"""Metrics under the names of docs/reference/telemetry.md, for Prometheus at /metrics of the management port."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_durations = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
_waits = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The instruments of one process. Labels never hold ids."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        to = {"registry": self.registry}
        message = ["messaging_destination_name", "messaging_consumer_group_name"]
        self.requests = Histogram(
            "http_server_request_duration",
            "Duration of HTTP server requests, seconds",
            ["http_request_method", "http_response_status_code", "url_scheme", "http_route", "error_type"],
            buckets=_durations,
            **to,
        )
        self.active = Gauge("http_server_active_requests", "HTTP requests being served", ["http_request_method"], **to)
        self.expired = Counter(
            "http_server_expired",
            "Requests whose deadline passed before there was a response",
            ["http_request_method", "http_route"],
            **to,
        )
        self.processed = Histogram(
            "messaging_process_duration",
            "Time from delivery to acknowledgement, seconds",
            [*message, "error_type"],
            buckets=_durations,
            **to,
        )
        self.age = Histogram(
            "messaging_message_age",
            "Time from adding a message to the outbox to handling it, seconds",
            message,
            buckets=_waits,
            **to,
        )
        self.dead_letters = Counter(
            "messaging_dead_letters",
            "Messages stored as dead letters",
            ["messaging_consumer_group_name", "error_type"],
            **to,
        )
        self.duplicates = Counter(
            "messaging_inbox_duplicates", "Messages that were handled before", ["messaging_consumer_group_name"], **to
        )
        self.pending = Gauge("messaging_outbox_pending", "Messages that are not published yet", **to)
        self.oldest = Gauge("messaging_outbox_oldest_age", "Age of the oldest of them, seconds", **to)
        self.published = Counter(
            "messaging_outbox_published", "Messages published from the outbox", ["messaging_destination_name"], **to
        )
        self.republished = Counter(
            "messaging_outbox_republished",
            "Messages published again because their stream lost them",
            ["messaging_nats_stream"],
            **to,
        )

    def text(self) -> bytes:
        return bytes(generate_latest(self.registry))
