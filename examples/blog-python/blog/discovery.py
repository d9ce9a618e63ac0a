"""Announces the instance through the NATS Services protocol (ADR-32), as libs/discovery/src/nats/announce.ts does."""

from __future__ import annotations

import json
from dataclasses import dataclass
from threading import Lock

from .ids import timestamp
from .nats import Connection, Message, NatsError

_verbs = ("PING", "INFO", "STATS")


class Statistics:
    """What was served over HTTP since the start."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.calls = 0
        self.errors = 0
        self.last_error = ""
        self.seconds = 0.0

    def record(self, seconds: float, error: str | None) -> None:
        with self._lock:
            self.calls += 1
            self.seconds += seconds
            if error is not None:
                self.errors += 1
                self.last_error = error


@dataclass(frozen=True)
class Identity:
    """:param id: unique among the instances of the service. :param metadata: ``url`` is where others reach it."""

    name: str
    id: str
    version: str
    metadata: dict[str, str]


class Announcement:
    def __init__(self, connection: Connection, identity: Identity, statistics: Statistics) -> None:
        self._nc = connection
        self._identity = identity
        self._statistics = statistics
        self._started = timestamp()
        self._subscriptions: list[int] = []

    def start(self) -> None:
        """Answers pings from now on, and tells resolvers at once that there is a new instance."""
        name, instance = self._identity.name, self._identity.id
        for verb in _verbs:
            for subject in (f"$SRV.{verb}", f"$SRV.{verb}.{name}", f"$SRV.{verb}.{name}.{instance}"):
                self._subscriptions.append(self._nc.subscribe(subject, lambda message, verb=verb: self._answer(verb, message)))
        self._nc.publish(f"causeway.discovery.announced.{name}", self._response("PING"))
        self._nc.flush()

    def stop(self) -> None:
        """Every resolver drops the instance at once. It still serves what is on its way."""
        subscriptions, self._subscriptions = self._subscriptions, []
        if not subscriptions:
            return
        try:
            # In this order, and on one connection: no reply to a ping can arrive after the departure.
            for subscription in subscriptions:
                self._nc.unsubscribe(subscription)
            gone = {"name": self._identity.name, "id": self._identity.id}
            self._nc.publish(f"causeway.discovery.left.{self._identity.name}", json.dumps(gone).encode())
            self._nc.flush(0.5)
        except NatsError:
            pass  # resolvers notice missed pings

    def _answer(self, verb: str, message: Message) -> None:
        if message.reply:
            self._nc.publish(message.reply, self._response(verb))

    def _response(self, verb: str) -> bytes:
        identity = self._identity
        response: dict[str, object] = {
            "type": f"io.nats.micro.v1.{verb.lower()}_response",
            "name": identity.name,
            "id": identity.id,
            "version": identity.version,
            "metadata": identity.metadata,
        }
        endpoint: dict[str, object] = {"name": "http", "subject": "http", "queue_group": ""}
        if verb == "INFO":
            url = {"url": identity.metadata["url"]}
            response.update(description="", endpoints=[{**endpoint, "metadata": url}])
        elif verb == "STATS":
            statistics = self._statistics
            nanoseconds = round(statistics.seconds * 1e9)
            endpoint.update(
                num_requests=statistics.calls,
                num_errors=statistics.errors,
                last_error=statistics.last_error,
                processing_time=nanoseconds,
                average_processing_time=round(nanoseconds / statistics.calls) if statistics.calls else 0,
            )
            response.update(started=self._started, endpoints=[endpoint])
        return json.dumps(response).encode()
