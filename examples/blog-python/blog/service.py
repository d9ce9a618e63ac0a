"""Starts and stops the service, in the order of the others: live, database, broker, HTTP, consumers, ready."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time
from types import FrameType

from .consumer import Consumer
from .contract import contract_hash
from .database import Database
from .discovery import Announcement, Identity
from .envelope import REGISTERED
from .logs import Logger, start_logs
from .management import ManagementServer, Readiness
from .metrics import Metrics
from .migrate import wait_for_schema
from .nats import Connection, NatsError, NotTrusted
from .posts import Posts, register_author
from .problems import CodedError
from .relay import Relay
from .server import HttpServer
from .session import conninfo
from .settings import Settings
from .tokens import KeySource, TokenVerifier
from .tracing import Tracer
from .web import Host, create_app

NAME = "blog"
_log = Logger("host")
_exit_seconds = 5


class _BridgedLogs(logging.Handler):
    """What libraries log, in our schema."""

    def emit(self, record: logging.LogRecord) -> None:
        write = _log.error if record.levelno >= logging.ERROR else _log.warn
        write(record.getMessage()[:500], err=record.exc_info[1] if record.exc_info else None)


def serve(settings: Settings) -> int:
    """Runs until SIGTERM or SIGINT. :returns: the exit code."""
    began = time.monotonic()
    start_logs(NAME, settings.text("INSTANCE_ID"), settings.text("LOG_LEVEL"))
    logging.getLogger().handlers = [_BridgedLogs()]
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    stop = _StopRequest()
    service = _Service(settings, began)
    try:
        service.start(stop)
        if stop.requested.is_set() or stop.wait():
            pass
    except CodedError as error:
        _log.fatal("serve failed", code=error.code, detail=error.message, remedy=error.remedy)
        return 1
    except Exception as error:  # noqa: BLE001 - whatever it is, the process says so and ends
        _log.fatal("serve failed", err=error)
        return 1
    return service.stop(stop.reason)


class _StopRequest:
    def __init__(self) -> None:
        self.requested = threading.Event()
        self.reason = "SIGTERM"
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, self._on_signal)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if not self.requested.is_set():
            self.reason = signal.Signals(number).name
            self.requested.set()

    def wait(self) -> bool:
        # A wait without a limit cannot be interrupted by a signal on every platform.
        while not self.requested.wait(1):
            pass
        return True


class _Service:
    def __init__(self, settings: Settings, began: float) -> None:
        self._settings = settings
        self._began = began
        self._host = Host()
        self._metrics = Metrics()
        commit = settings.optional("SERVICE_COMMIT")
        self._build = {"version": settings.text("SERVICE_VERSION"), **({"commit": commit} if commit else {})}
        self._identity = {"service": NAME, **self._build, "instance": settings.text("INSTANCE_ID")}
        self._tracer = Tracer(
            settings.optional("OTEL_EXPORTER_OTLP_ENDPOINT"),
            float(str(settings["OTEL_TRACES_SAMPLER_ARG"])),
            settings.number("OTEL_BSP_SCHEDULE_DELAY") / 1_000,
            {
                "service.name": NAME,
                "service.version": self._build["version"],
                "service.instance.id": settings.text("INSTANCE_ID"),
            },
        )
        self._readiness = Readiness(self._host)
        self._management: ManagementServer | None = None
        self._http: HttpServer | None = None
        self._relay: Relay | None = None
        self._consumer: Consumer | None = None
        self._announcement: Announcement | None = None
        self._database: Database | None = None
        self._nats: Connection | None = None

    def start(self, stop: _StopRequest) -> None:
        settings = self._settings
        self._management = _named("MANAGEMENT_PORT", settings, self._start_management)
        _log.info("live", managementPort=self._management.port, liveMs=self._since_start())
        wait_for_schema(
            conninfo(settings), settings.number("DATABASE_CONNECT_TIMEOUT_MS"), stop.requested
        )
        if stop.requested.is_set():
            return
        database = self._database = Database(settings, self._tracer)
        database.open()
        nats = self._connect(stop)
        if nats is None:
            return
        pool = settings.number("DATABASE_POOL_MAX")
        slots = min(settings["MESSAGES_MAX_CONCURRENT"] or pool, max(1, pool // 4))  # type: ignore[type-var]
        consumer = self._consumer = Consumer(
            nats, database, self._tracer, self._metrics, NAME, "USER", REGISTERED, register_author, int(str(slots))
        )
        consumer.wait_until_provisioned(stop.requested)
        if stop.requested.is_set():
            return
        relay = self._relay = Relay(
            conninfo(settings),
            nats,
            "BLOG",
            self._tracer,
            self._metrics,
            settings.number("OUTBOX_POLL_MS") / 1_000,
            settings.number("OUTBOX_RETENTION_HOURS"),
        )
        relay.start()
        self._start_http(database, relay, pool - int(str(slots)) - 1)
        consumer.start()
        self._readiness.parts = [
            ("database", database.check, True),
            # Shared by all: a blip of the broker must not take out every instance at once.
            ("broker", self._check_broker, False),
        ]
        self._host.started = True
        assert self._http is not None
        self._announce(nats)
        _log.info(
            "ready",
            url=self._url(),
            port=self._http.port,
            managementPort=self._management.port,
            readyMs=self._since_start(),
            version=self._build["version"],
            commit=self._build.get("commit"),
        )

    def stop(self, reason: str) -> int:
        """Not ready and `Connection: close`, still serving while clients leave; then messages, HTTP, broker, database."""
        settings, host, http = self._settings, self._host, self._http
        drain = settings.number("SHUTDOWN_DRAIN_MS") / 1_000 if host.started and reason == "SIGTERM" else 0.0
        delay = settings.number("SHUTDOWN_DELAY_MS") / 1_000 if host.started else 0.0
        grace = settings.number("SHUTDOWN_GRACE_MS") / 1_000
        _log.info("stopping", reason=reason, inFlight=http.in_flight if http else 0, connections=http.connections if http else 0)
        host.stopping = True
        forced = threading.Timer(max(delay, drain) + grace + _exit_seconds, _leave)
        forced.daemon = True
        forced.start()
        if self._announcement is not None:
            self._announcement.stop()
        began = time.monotonic()
        while http is not None:
            limit = max(delay, drain) if http.connections > 0 else delay
            if time.monotonic() - began >= limit:
                break
            time.sleep(0.05)
        if self._consumer is not None and host.started:
            self._consumer.stop(grace)
        if http is not None:
            http.stop(grace)
        if self._relay is not None:
            self._relay.stop()
        if self._nats is not None:
            self._nats.close()
        if self._database is not None:
            self._database.close()
        if self._management is not None:
            self._management.close()
        self._tracer.stop()
        _log.info("stopped")
        return 0

    def _start_management(self) -> ManagementServer:
        return ManagementServer(self._settings, self._identity, self._host, self._readiness, self._metrics)

    def _connect(self, stop: _StopRequest) -> Connection | None:
        """Waits for the first connection as long as it takes, and reconnects for ever afterwards."""
        settings = self._settings
        servers = settings["NATS_URL"]
        assert isinstance(servers, list)
        nats = Connection(
            servers,
            NAME,
            settings.optional("NATS_USER"),
            settings.optional("NATS_PASSWORD"),
            settings.optional("NATS_CA"),
            on_change=self._on_broker_change,
            on_error=lambda text: _log.error("NATS reported an error", reason=text),
        )
        warned_at = float("-inf")
        while not stop.requested.is_set():
            try:
                nats.connect()
                _log.info("connected to NATS", server=nats.server)
                self._nats = nats
                return nats
            except NotTrusted as error:
                raise CodedError(
                    "BROKER_UNTRUSTED",
                    f"the connection to NATS cannot be trusted: {error}",
                    "Let NATS_CA_FILE name the certificate of the authority that signed the server’s, and NATS_URL a "
                    "host that is in that certificate. Without TLS on the server, leave NATS_CA_FILE away.",
                ) from error
            except NatsError as error:
                if time.monotonic() - warned_at > 5:
                    reason = str(error)
                    _log.warn("waiting for NATS (NATS_URL); the service starts as soon as it responds", reason=reason)
                    warned_at = time.monotonic()
            stop.requested.wait(0.25)
        return None

    def _on_broker_change(self, connected: bool) -> None:
        if connected:
            _log.info("reconnected to NATS", server=self._nats.server if self._nats else None)
            if self._relay is not None:
                self._relay.reconnected()
        else:
            _log.warn("connection to NATS lost; reconnecting")

    def _check_broker(self) -> None:
        if self._nats is None or not self._nats.connected:
            raise CodedError(
                "BROKER_UNAVAILABLE",
                "the message broker cannot be reached",
                "Try again in a moment; the service reconnects by itself.",
            )

    def _start_http(self, database: Database, relay: Relay, threads: int) -> None:
        settings = self._settings
        verifier = TokenVerifier(
            settings.text("AUTH_ISSUER"), settings.text("AUTH_AUDIENCE"), KeySource(settings.text("AUTH_JWKS_URL"))
        )
        posts = Posts(database, settings.text("CURSOR_SECRET"), relay.wake)
        app = create_app(
            posts,
            verifier,
            self._tracer,
            self._metrics,
            self._host,
            settings.number("REQUEST_DEADLINE_MS"),
            settings.number("BODY_LIMIT_BYTES"),
            queue_limit=16 * threads,
        )

        def start() -> HttpServer:
            return HttpServer(
                app,
                self._host,
                settings.text("HTTP_HOST"),
                settings.number("HTTP_PORT"),
                threads,
                settings.number("HTTP_KEEP_ALIVE_MS") / 1_000,
                settings.number("BODY_LIMIT_BYTES"),
            )

        self._http = _named("HTTP_PORT", settings, start)
        self._http.start()

    def _announce(self, nats: Connection) -> None:
        settings = self._settings
        zone = settings.optional("DISCOVERY_ZONE")
        commit = self._build.get("commit")
        metadata = {
            "url": self._url(),
            **({"commit": commit} if commit else {}),
            "contracts": contract_hash(),
            **({"zone": zone} if zone else {}),
        }
        identity = Identity(NAME, settings.text("INSTANCE_ID"), self._build["version"], metadata)
        self._announcement = Announcement(nats, identity, self._host.statistics)
        try:
            self._announcement.start()
        except NatsError as error:
            _log.error("could not be announced; others do not find it", err=error)

    def _url(self) -> str:
        """Where others reach this instance; for "every interface", the first address that leads out."""
        advertised = self._settings.optional("DISCOVERY_ADVERTISE_URL")
        if advertised is not None:
            return advertised
        assert self._http is not None
        address = self._http.address
        if address in ("0.0.0.0", "::"):
            address = _outside_address()
        return f"http://{f'[{address}]' if ':' in address else address}:{self._http.port}"

    def _since_start(self) -> int:
        return round((time.monotonic() - self._began) * 1_000)


def _outside_address() -> str:
    """The address that packets to others would have. Nothing is sent: UDP only looks at the routes."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def _named(setting: str, settings: Settings, start):  # type: ignore[no-untyped-def]
    """Names the setting to change if a port is in use."""
    try:
        return start()
    except OSError as error:
        port = settings.number(setting)
        raise CodedError(
            "SETTINGS_INVALID",
            f"{setting} {port} cannot be used: {error.strerror}",
            "End the process that has it, or set another port.",
        ) from error


def _leave() -> None:
    _log.fatal("the stop took too long; exiting with work in flight")
    os._exit(1)
